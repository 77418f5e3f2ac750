"""Traditional and simplified characters."""

from functools import cache
from typing import Any

# What readers of each place were taught: region subtags, and the script subtags of BCP 47.
_TRADITIONAL = {"tw": "s2tw", "hant": "s2tw", "hk": "s2hk", "mo": "s2hk"}
_TO_SIMPLIFIED = "t2s"


def written_for(text: str, language: str) -> str:
    """A Chinese text in the characters that a voice of this language (``zh-CN``, ``zh-TW``) was made for.

    It has as many characters as before.
    """
    subtags = language.lower().replace("_", "-").split("-")
    if subtags[0] not in ("zh", "cmn", "yue"):
        return text
    config = next((_TRADITIONAL[subtag] for subtag in subtags if subtag in _TRADITIONAL), _TO_SIMPLIFIED)
    converted: str = _converter(config).convert(text)
    return converted if len(converted) == len(text) else text


def to_simplified(text: str) -> str:
    """In simplified characters."""
    converted: str = _converter(_TO_SIMPLIFIED).convert(text)
    return converted


@cache
def _converter(config: str) -> Any:
    from opencc import OpenCC

    return OpenCC(config)
