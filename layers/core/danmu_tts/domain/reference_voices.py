"""Voices that callers bring along: a recording of 3 to 30 s, and what became of it.

A recording belongs to whoever sent it, that is, to one API key. Nobody else may hear of it or speak by it.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from danmu_tts.domain.access import Principal
from danmu_tts.domain.errors import InvalidRequestError, VoiceNotFoundError
from danmu_tts.domain.voices import ANY_LANGUAGE, Voice

SHORTEST_S = 3.0
LONGEST_S = 30.0

CONTENT_TYPES = ("audio/wav", "audio/flac", "audio/ogg", "audio/mpeg")
"""What may be sent."""

LOCAL_OWNER = "local"
"""Whose voices those of callers without a key are. No key has an id so short."""

_BACKEND = "xtts:"
_NAME = "ref-"
_ID = re.compile(r"[0-9a-f]{32}")
_BARE = re.compile(rf"{_NAME}[0-9a-f]+")
_LONGEST_REASON = 500
_SHOWN_CHARS = 80


class ReferenceState(StrEnum):
    """How far a voice has come."""

    WAITING = "waiting"
    """For its recording, or for somebody to say that it is there."""
    READY = "ready"
    REFUSED = "refused"
    """Its recording will not do, which is for good: another one is another voice."""


@dataclass(frozen=True, slots=True)
class ReferenceRecord:
    """What is kept of a voice beside its recording.

    Attributes:
        id: 32 hexadecimal digits, which nobody guesses.
        owner: of ``owner_of``.
        name: for people.
        content_type: of what is to be uploaded.
        upload_bytes: the most that may be uploaded.
        consent_text: who agreed to what, in the words of whoever sent the recording.
        created_at: Unix seconds.
        checked_at: the same; None before its recording was looked at.
        reason: why it was refused.
        sha256: of the recording that is cloned, 64 hexadecimal digits; None until one was found good.
        duration_ms: of that recording.
    """

    id: str
    owner: str
    name: str
    content_type: str
    upload_bytes: int
    consent_text: str
    created_at: int
    state: ReferenceState = ReferenceState.WAITING
    checked_at: int | None = None
    reason: str | None = None
    sha256: str | None = None
    duration_ms: int | None = None

    @property
    def voice(self) -> str:
        """What callers ask for."""
        return f"{_BACKEND}{_NAME}{self.id}"

    def refused(self, reason: str, *, now_s: float) -> Self:
        """The same after its recording was found unfit."""
        return replace(self, state=ReferenceState.REFUSED, reason=reason[:_LONGEST_REASON], checked_at=int(now_s))

    def ready(self, sha256: str, duration_ms: int, *, now_s: float) -> Self:
        """The same after its recording was found good and is kept."""
        return replace(
            self,
            state=ReferenceState.READY,
            sha256=sha256,
            duration_ms=duration_ms,
            checked_at=int(now_s),
        )


def speakable(record: ReferenceRecord, asked: str) -> Voice:
    """The voice of a record that is asked for by this name. Raises VoiceNotFoundError unless it is ready.

    Its revision is the digest of its recording: another one is another sound.
    """
    if record.sha256 is None:
        why = f"was refused: {record.reason}" if record.reason else "waits for its recording to be sent and checked."
        raise VoiceNotFoundError(f"Voice {asked[:_SHOWN_CHARS]!r} {why}", param="voice")
    return Voice(record.voice, ANY_LANGUAGE, revision=record.sha256)


def owner_of(principal: Principal) -> str:
    """Whose voices a caller may use."""
    return principal.key_id or LOCAL_OWNER


def is_reference_id(text: str) -> bool:
    """Whether a voice may have that id, which then is safe in an object's name."""
    return _ID.fullmatch(text) is not None


def reference_id(voice: str) -> str | None:
    """The id in a voice's name, ``xtts:ref-…`` or ``ref-…``; None for the name of any other voice.

    What is said to be an id need not be one: see ``is_reference_id``.
    """
    bare = voice.removeprefix(_BACKEND)
    if bare != voice and bare.startswith(_NAME):
        return bare.removeprefix(_NAME)
    return bare.removeprefix(_NAME) if _BARE.fullmatch(bare) else None


def unknown_reference(asked: str, *, param: str) -> VoiceNotFoundError:
    """There is none of that id, or it is somebody else's: which of them, nobody is told."""
    return VoiceNotFoundError(
        f"No voice of yours is called {asked[:_SHOWN_CHARS]!r}. GET /v1/voices/xtts lists them.", param=param
    )


def check_wish(name: str, upload_bytes: int, *, most_bytes: int) -> None:
    """Raise InvalidRequestError for a recording that could never be taken."""
    if not name.isprintable() or not name.strip():
        raise InvalidRequestError("A voice's name has characters that show.", param="name")
    if upload_bytes > most_bytes:
        raise InvalidRequestError(
            f"A recording has at most {most_bytes:,} bytes; {upload_bytes:,} were announced. "
            f"{LONGEST_S:.0f} s of 16-bit mono at 24 kHz are 1,440,044 bytes.",
            param="bytes",
        )
