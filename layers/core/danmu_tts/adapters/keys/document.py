"""An API key as a JSON document, the same in a file and in S3."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from danmu_tts.domain.access import KeyRecord, Scope, is_key_id
from danmu_tts.observability import get_logger

logger = get_logger("keys")

MAX_BYTES = 16 * 1024
"""No key's document is longer; of whatever is, no more than this and one byte is read."""

_LAST_SECOND = 253_402_300_799  # of the year 9999, where calendars end


def _key_id(text: str) -> str:
    if not is_key_id(text):
        raise ValueError("no key's id")
    return text


_Count = Annotated[int, Field(ge=0)]
_Time = Annotated[int, Field(ge=0, le=_LAST_SECOND)]


class KeyDocument(BaseModel):
    """What is kept of a key; see ``domain.access.KeyRecord``.

    A field that this version does not know may be a limit that it would not keep, so such a key is not read.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    id: Annotated[str, AfterValidator(_key_id)]
    name: Annotated[str, Field(max_length=200)]
    secret_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    token_secret: Annotated[str, Field(min_length=32, max_length=200)]
    scopes: frozenset[Scope]
    requests_per_minute: _Count | None
    characters_per_minute: _Count | None
    monthly_characters: _Count | None
    monthly_usd: Annotated[float, Field(ge=0)] | None
    created_at: _Time
    expires_at: _Time | None
    revoked_at: _Time | None

    @classmethod
    def of(cls, record: KeyRecord) -> Self:
        """The document of a key."""
        return cls(**{name: getattr(record, name) for name in cls.model_fields})


def encode(record: KeyRecord) -> bytes:
    """The document of a key, for people to read too."""
    return KeyDocument.of(record).model_dump_json(indent=2).encode()


def decode(data: bytes, key_id: str) -> KeyRecord | None:
    """The key of a document; None, and a line in the log, for what is none or is another key's."""
    try:
        document = KeyDocument.model_validate_json(data)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))} {each['type']}".strip() for each in error.errors())
        _report(key_id, problems[:200])
        return None
    if document.id != key_id:
        _report(key_id, "it is another key's")
        return None
    return KeyRecord(**{name: getattr(document, name) for name in KeyDocument.model_fields})


def _report(key_id: str, reason: str) -> None:
    """Say which one and what is wrong with it; its content is somebody's secret."""
    logger.error("a stored API key is broken and counts as unknown", extra={"key_id": key_id, "reason": reason})
