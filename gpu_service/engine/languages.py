"""BCP 47 to the names that XTTS has for languages."""

from collections.abc import Collection

from gpu_service.ports import LineError

_CHINESE = "zh-cn"


def xtts_language(tag: str, known: Collection[str]) -> str:
    """What a checkpoint that knows these languages calls one: ``zh-TW`` -> ``zh-cn``, ``pt-BR`` -> ``pt``.

    Raises LineError, unknown_language.
    """
    primary = tag.lower().replace("_", "-").split("-")[0]
    name = _CHINESE if primary == "zh" else primary
    if name not in known:
        raise LineError("unknown_language", f"XTTS does not speak {tag}; it speaks {', '.join(sorted(known))}")
    return name
