"""Models, which several routes understand."""

from danmu_tts.bootstrap import Container
from danmu_tts.domain.errors import NotFoundError

AUTO = "auto"


def backend_of_model(model: str, container: Container) -> str | None:
    """The backend that a model names, None where any may speak. Raises NotFoundError."""
    if model == AUTO or model in container.model_aliases:
        return None
    if model in container.backends.names or model in container.backends.absent:
        return model
    known = ", ".join([AUTO, *container.backends.names])
    raise NotFoundError(f"No model named {model[:80]!r}. Known here: {known}.", param="model")
