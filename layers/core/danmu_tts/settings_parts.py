"""What all sections of the settings are made of."""

import json
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic_settings import NoDecode


def comma_separated(value: object) -> object:
    """``piper,kokoro``, or the JSON list that the other settings of more than one value are."""
    if not isinstance(value, str):
        return value
    if not value.startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError('write names with commas between them, or a JSON list: ["piper", "kokoro"]') from None


class Section(BaseModel):
    """One class of settings."""

    model_config = ConfigDict(frozen=True)


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(comma_separated)]
"""Names with commas between them."""


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in value:
        raise ValueError("must be a web address that begins with http:// or https://")
    return value


Url = Annotated[str, AfterValidator(_web_address)]
"""Begins with http:// or https://."""


def _websocket_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("ws", "wss") or not parts.hostname or " " in value:
        raise ValueError("must be an address that begins with ws:// or wss://")
    return value


WebSocketUrl = Annotated[str, AfterValidator(_websocket_address)]
