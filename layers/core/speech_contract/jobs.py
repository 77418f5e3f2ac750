"""What the functions and the GPU service tell each other through queues.

Every message may come twice, late, or never: whoever reads one does the same for the second as for the first. Audio
does not travel in messages. It lies in the bucket that both are told by their settings; a message names the object.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from speech_contract.fields import LanguageTag, RoomName

AUDIO_PREFIX = "temp/xtts/"
"""Where the GPU service puts audio, until the functions have taken it over."""

REFERENCE_PREFIX = "models/reference_voices/"
"""Where the recordings lie that voices are cloned from."""

MOST_PART_CHARS = 250

JobId = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9\-_]{1,64}$")]
_SafeKey = r"[a-zA-Z0-9\-_]+(\.[a-zA-Z0-9]+)?"
AudioKey = Annotated[str, StringConstraints(pattern=f"^{AUDIO_PREFIX}{_SafeKey}$", max_length=200)]
ReferenceKey = Annotated[
    str, StringConstraints(pattern=f"^{REFERENCE_PREFIX}({_SafeKey}/)?{_SafeKey}$", max_length=200)
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
UnixMs = Annotated[int, Field(ge=0)]
RequestId = Annotated[str, Field(max_length=128)]
"""Of the request that a job was begun for, as API Gateway names it: all who log about the job say it. May be empty."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1


class Reference(BaseModel):
    """A recording to clone: mono WAV, found under ``key``, with this digest."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: ReferenceKey
    sha256: Sha256


class SpeechJob(_Message):
    """Say a text.

    Attributes:
        parts: the text in pieces that are said one after another, none longer than XTTS takes at once.
        language: BCP 47.
        speaker: a speaker of the checkpoint as voices name it, ``ana-florence``; of a reference, the voice's name.
        reference: what to clone instead of a speaker of the checkpoint.
        tempo: what the voice's own is multiplied by.
        seed: the same seed, the same sound.
        room: whose turn it is is decided fairly among rooms.
        created_at_ms: Unix milliseconds.
        expires_at_ms: who gets to it later lets it be.
    """

    id: JobId
    parts: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=MOST_PART_CHARS)], ...], Field(min_length=1, max_length=64)
    ]
    language: LanguageTag
    speaker: Annotated[str, StringConstraints(pattern=r"^[a-z0-9\-]{1,80}$")]
    reference: Reference | None = None
    tempo: Annotated[float, Field(ge=0.1, le=16, allow_inf_nan=False)] = 1.0
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    room: RoomName | None = None
    created_at_ms: UnixMs
    expires_at_ms: UnixMs
    request_id: RequestId = ""


Reason = Literal[
    "failed",
    "expired",
    "unknown_voice",
    "unknown_language",
    "nothing_to_say",
    "bad_reference",
    "store_away",
    "no_memory",
]
"""Why there is no audio."""


class JobAudio(BaseModel):
    """Finished audio: a WAV file of 16-bit mono samples under ``key``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: AudioKey
    sample_rate_hz: Annotated[int, Field(ge=8000, le=96_000)]
    duration_ms: Annotated[int, Field(ge=1)]


class JobResult(_Message):
    """How a job ended on the GPU: with audio, or with a reason why there is none.

    Attributes:
        waited_ms: from its creation until a GPU began with it, by two machines' clocks.
        made_ms: how long the batch took that it was made in.
        batch: how many were made together.
    """

    id: JobId
    audio: JobAudio | None = None
    reason: Reason | None = None
    message: Annotated[str, Field(max_length=1000)] = ""
    waited_ms: Annotated[int, Field(ge=0)] = 0
    made_ms: Annotated[int, Field(ge=0)] = 0
    batch: Annotated[int, Field(ge=1)] = 1
    request_id: RequestId = ""


class JobDeadline(_Message):
    """It is time for another voice, unless the job has ended."""

    id: JobId
    request_id: RequestId = ""


def audio_key(job_id: str) -> str:
    """Where the audio of a job is put, by whoever makes it: twice made, it is one object."""
    return f"{AUDIO_PREFIX}{job_id}.wav"
