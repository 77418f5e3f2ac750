"""A job: a request for speech that is made elsewhere while nobody waits, and a time at which another voice speaks.

A job is ``queued`` until one of three ends it, whichever comes first: its result, its deadline, its asker. The store
lets one of them; what the others bring is let go. So every job has one end.
"""

from dataclasses import dataclass
from enum import StrEnum

from danmu_tts.domain.connections import Connection
from danmu_tts.domain.speech import Speech, SpeechRequest
from danmu_tts.domain.voices import Voice


class JobStatus(StrEnum):
    """What became of a job."""

    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class JobTerms:
    """What goes with an utterance that is made elsewhere. Times are Unix milliseconds.

    Attributes:
        express: somebody waits for it now.
        room: turns are taken fairly among rooms.
        expires_at_ms: whatever comes later is worth nothing.
        deadline: the deadline is to be told too, when ``expires_at_ms`` has come.
        request_id: under which everybody logs what becomes of it.
    """

    id: str
    express: bool
    room: str | None
    created_at_ms: int
    expires_at_ms: int
    deadline: bool = False
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Hearer:
    """Who is told over a WebSocket when a job ends.

    Attributes:
        utterance_id: what its client calls the job.
    """

    connection: Connection
    utterance_id: str


@dataclass(frozen=True, slots=True)
class Job:
    """What does not change while it is on its way. Times are Unix milliseconds.

    Attributes:
        request: as the plugins left it.
        captions: whether the asker wants them.
        voice: who is to speak.
        expires_at_ms: from then on another voice speaks.
        deadline_at_ms: when the asker wants to have heard.
        request_id: of the request that it was begun for.
    """

    id: str
    request: SpeechRequest
    captions: bool
    voice: Voice
    created_at_ms: int
    expires_at_ms: int
    deadline_at_ms: int
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class JobFailure:
    """Why nobody spoke: an error's code and message."""

    code: str
    http_status: int
    message: str


@dataclass(frozen=True, slots=True)
class JobState:
    """A job at one moment.

    Attributes:
        speech: how it ended well, without the audio, which the cache has under its key.
        hearer: None where nobody is to be told.
        told: whether the hearer was.
    """

    job: Job
    status: JobStatus
    speech: Speech | None = None
    failure: JobFailure | None = None
    hearer: Hearer | None = None
    told: bool = False


def gpu_time_s(left_s: float, fallback_s: float) -> float:
    """How much of the time that is left is given to the GPU: another voice needs some, and at most half of it."""
    return left_s - min(fallback_s, left_s / 2)
