"""Where reference voices are kept, and who looks at their recordings.

Every method that is awaited raises StoreAwayError while the store is away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from danmu_tts.domain.reference_voices import ReferenceRecord
from danmu_tts.domain.voices import Voice
from speech_contract.jobs import REFERENCE_PREFIX, Reference

WAV_RATE_HZ = 24_000
WAV_HEADER_BYTES = 44


def audio_key(reference_id: str) -> str:
    """Where the recording lies that a voice is cloned from, as jobs name it."""
    return f"{REFERENCE_PREFIX}{reference_id}.wav"


@dataclass(frozen=True, slots=True)
class KeptReference:
    """A record as it was read. ``version`` changes with each writing."""

    record: ReferenceRecord
    version: str


@dataclass(frozen=True, slots=True)
class ReferenceVoice:
    """A voice that may speak, and what a job says of its recording."""

    voice: Voice
    reference: Reference


class ReferenceRecords(Protocol):
    """What is kept of voices. An owner sees only its own; what is no sound record is reported and is not there."""

    async def get(self, owner: str, reference_id: str) -> KeptReference | None:
        """One of the owner's."""
        ...

    async def list(self, owner: str) -> Sequence[ReferenceRecord]:
        """All of the owner's, the oldest first."""
        ...

    async def count(self, owner: str) -> int:
        """How many there are, without reading them."""
        ...

    async def add(self, record: ReferenceRecord) -> None:
        """Keep a new one."""
        ...

    async def replace(self, record: ReferenceRecord, version: str) -> bool:
        """Keep it in place of that version; False where that was replaced or removed meanwhile."""
        ...

    async def remove(self, owner: str, reference_id: str) -> None:
        """Forget it, or find that it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class UploadForm:
    """How to send a recording: a form of these fields and then ``file``, by POST, without credentials.

    Attributes:
        expires_at: Unix seconds; from then on it is refused.
        most_bytes: what is larger is refused.
    """

    url: str
    fields: Mapping[str, str]
    expires_at: int
    most_bytes: int


class ReferenceRecordings(Protocol):
    """Recordings: as they were sent, and as they are cloned from."""

    async def form(self, record: ReferenceRecord) -> UploadForm:
        """Let whoever has the form send the record's recording."""
        ...

    async def upload_bytes(self, record: ReferenceRecord) -> int | None:
        """How large what was sent is, without reading it; None where nothing was."""
        ...

    async def read_upload(self, record: ReferenceRecord, most_bytes: int) -> bytes:
        """What was sent, no more than so much of it; empty where it is gone."""
        ...

    async def drop_upload(self, record: ReferenceRecord) -> None:
        """Delete what was sent."""
        ...

    async def keep(self, record: ReferenceRecord, wav: bytes) -> bytes:
        """Keep a recording to clone from, if there is none yet; the one that is kept then."""
        ...

    async def drop(self, record: ReferenceRecord) -> None:
        """Delete both, what was sent and what is cloned."""
        ...


@dataclass(frozen=True, slots=True)
class FitRecording:
    """A recording that can be cloned: mono 16-bit WAV at 24 kHz, without the silence around it."""

    wav: bytes

    @property
    def duration_ms(self) -> int:
        """Of its sound, by its size."""
        return (len(self.wav) - WAV_HEADER_BYTES) * 1000 // (2 * WAV_RATE_HZ)


@dataclass(frozen=True, slots=True)
class UnfitRecording:
    """Why it cannot, as a sentence for whoever sent it."""

    reason: str


class ReferenceExaminer(Protocol):
    """Looks at a recording, which may be anything."""

    def examine(self, data: bytes) -> FitRecording | UnfitRecording:
        """Decode, judge and prepare it. Takes some 0.1 s of a processor: to be called in a thread."""
        ...


class SpokenKeys(Protocol):
    """Which cache entries a voice has spoken: the last 10,000 of each."""

    async def note(self, voice: str, key: str) -> None:
        """Remember one more."""
        ...

    async def take(self, voice: str) -> Sequence[str]:
        """All of them, which are forgotten by that."""
        ...
