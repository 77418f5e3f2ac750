"""Names that several routes understand."""

from typing import Annotated

from pydantic import StringConstraints

from danmu_tts.bootstrap import Container
from danmu_tts.domain.errors import NotFoundError

AUTO = "auto"

# `backend:name`, a bare name, or an alias. Some of Azure's names have a colon of their own.
VoiceName = Annotated[str, StringConstraints(pattern=r"^([a-zA-Z0-9\-_]+:){0,2}[a-zA-Z0-9\-_]+$", max_length=120)]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$", max_length=35)]


def backend_of_model(model: str, container: Container) -> str | None:
    """The backend that a model names, None where any may speak. Raises NotFoundError."""
    if model == AUTO or model in container.model_aliases:
        return None
    if model in container.backends.names or model in container.backends.absent:
        return model
    known = ", ".join([AUTO, *container.backends.names])
    raise NotFoundError(f"No model named {model[:80]!r}. Known here: {known}.", param="model")
