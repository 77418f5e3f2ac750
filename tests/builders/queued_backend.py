"""A backend that speaks elsewhere: what it was sent lies in a list, and the test is the GPU."""

from collections.abc import AsyncIterator
from typing import Any

from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.errors import BackendServerError, BackendUnavailableError
from danmu_tts.domain.jobs import JobTerms
from danmu_tts.domain.speech import Utterance
from danmu_tts.ports import BackendTraits
from speech_contract.jobs import JobAudio, JobResult, audio_key
from tests.builders.fake_backend import MS_PER_CHAR, FakeBackend
from tests.builders.sound import sine

RATE_HZ = 24_000


class QueuedFakeBackend(FakeBackend):
    """See ``ports.QueuedBackend``.

    Args:
        refuses_with: raised when a job is sent.
    """

    def __init__(self, name: str = "far", *, refuses_with: BackendUnavailableError | None = None, **given: Any) -> None:
        super().__init__(name, traits=BackendTraits(silence_limit_s=20.0, needs_language=True), **given)
        self.sent: list[tuple[Utterance, JobTerms]] = []
        self.discarded: list[str] = []
        self.refuses_with = refuses_with

    async def submit(self, utterance: Utterance, job: JobTerms) -> None:
        if self.refuses_with:
            raise self.refuses_with
        self.sent.append((utterance, job))

    async def collect(self, result: JobResult) -> AsyncIterator[AudioChunk]:
        if result.audio is None:
            raise BackendServerError(f"It could not: {result.reason}.")
        yield AudioChunk(sine(result.audio.duration_ms / 1000, rate_hz=RATE_HZ), RATE_HZ)

    async def discard(self, result: JobResult) -> None:
        self.discarded.append(result.id)


def spoken(utterance: Utterance, job: JobTerms) -> JobResult:
    """A GPU did it."""
    audio = JobAudio(key=audio_key(job.id), sample_rate_hz=RATE_HZ, duration_ms=len(utterance.text) * MS_PER_CHAR)
    return JobResult(id=job.id, audio=audio)


def failed(job: JobTerms) -> JobResult:
    """A GPU could not."""
    return JobResult(id=job.id, reason="failed", message="it overheated")
