"""An utterance that is made elsewhere: sent there, and what came of it, for whoever speaks it in the end."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import cast

from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.errors import BackendTimeoutError, BackendUnavailableError
from danmu_tts.domain.jobs import Job, JobTerms
from danmu_tts.domain.speech import Priority, Script, Utterance
from danmu_tts.ports import QueuedBackend
from danmu_tts.services.attempt import WatchedBackend
from danmu_tts.services.hearing import checked
from danmu_tts.services.maker import Elsewhere, plan
from speech_contract.jobs import JobResult


async def submit(watched: WatchedBackend, job: Job, script: Script) -> None:
    """Send a job on its way. Raises BackendUnavailableError."""
    request, backend = job.request, cast(QueuedBackend, watched.backend)
    utterance = replace(plan(request, script.text, script.voice, backend.traits)[0], language=script.language)
    terms = JobTerms(
        job.id,
        express=request.priority is Priority.HIGH,
        room=request.room,
        created_at_ms=job.created_at_ms,
        expires_at_ms=job.expires_at_ms,
        deadline=True,
        request_id=job.request_id,
    )
    await backend.submit(utterance, terms)


def collected(watched: WatchedBackend, result: JobResult) -> Elsewhere:
    """What came of it, heard as sceptically as if it had been called."""

    async def collect(utterance: Utterance) -> AsyncGenerator[AudioChunk, None]:
        backend = cast(QueuedBackend, watched.backend)
        try:
            async for chunk in checked(backend, utterance, backend.collect(result)):
                yield chunk
        except BackendUnavailableError as error:
            watched.learnt(error)
            raise
        watched.learnt(None)

    return collect


def late(watched: WatchedBackend, job: Job) -> Elsewhere:
    """Nothing came of it in time: so its backend is blamed."""

    async def fail(_: Utterance) -> AsyncGenerator[AudioChunk, None]:
        error = BackendTimeoutError(f"{watched.backend.name} was not done in time.")
        error.waited_s = (job.expires_at_ms - job.created_at_ms) / 1000
        watched.learnt(error)
        raise error
        yield  # a generator

    return fail
