"""XTTS on a GPU that may be late, or away: a job goes out through a queue, and its result comes back by another."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec

from danmu_tts.adapters.aws.s3_errors import NotThereError, S3Error
from danmu_tts.adapters.aws.s3_objects import S3Objects
from danmu_tts.adapters.backends.base import BaseBackend
from danmu_tts.adapters.backends.vendor_audio import VendorAudio
from danmu_tts.adapters.backends.voice_list import packaged_voices
from danmu_tts.adapters.jobs.sqs import SqsQueues
from danmu_tts.adapters.jobs.transports import QueueTransport, SageMakerTransport, Transport
from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.errors import (
    BackendDisabledError,
    BackendLateError,
    BackendNetworkError,
    BackendRefusedError,
    BackendServerError,
    BackendTimeoutError,
    BackendUnavailableError,
    StoreAwayError,
    VoiceWithdrawnError,
)
from danmu_tts.domain.jobs import JobTerms
from danmu_tts.domain.reference_voices import reference_id
from danmu_tts.domain.speech import Priority, Utterance
from danmu_tts.domain.voices import Voice, primary_subtag
from danmu_tts.observability import current_request_id
from danmu_tts.plugins import BackendContext
from danmu_tts.ports import BackendHealth, BackendTraits, Expected
from danmu_tts.settings_backends import XttsSettings
from danmu_tts.text.split import cut_to
from speech_contract.jobs import REFERENCE_PREFIX, JobDeadline, JobResult, Reason, Reference, SpeechJob

# What XTTS v2 takes at once before it begins to stumble, in characters.
_MOST_CHARS = {"zh": 82, "ja": 71, "ko": 95, "ar": 166, "ru": 182}
_MOST_CHARS_ELSE = 180
# Half a minute of 16-bit samples at 24 kHz is 1.4 MB; a thousand characters take a few minutes.
_MOST_AUDIO_BYTES = 32 * 1024 * 1024
# An answer in the last moment still has to be fetched.
_FETCHING_S = 0.2
_ERRORS: dict[Reason, type[BackendUnavailableError]] = {
    "failed": BackendServerError,
    "no_memory": BackendServerError,
    "store_away": BackendServerError,
    "expired": BackendTimeoutError,
    "unknown_voice": VoiceWithdrawnError,
    "unknown_language": BackendRefusedError,
    "nothing_to_say": BackendRefusedError,
    "bad_reference": VoiceWithdrawnError,
}


def create(context: BackendContext) -> "XttsBackend":
    """The factory that the settings name. Raises BackendDisabledError."""
    settings = context.settings.xtts
    if not settings.enabled:
        raise BackendDisabledError("switched off: set DANMU_TTS_XTTS__ENABLED=true once a GPU service runs")
    bucket = settings.bucket or context.settings.s3.bucket
    if bucket is None:
        raise BackendDisabledError(
            "it has no bucket: set DANMU_TTS_XTTS__BUCKET or DANMU_TTS_S3__BUCKET; `danmu-tts serve` has one of its own"
        )
    if find_spec("boto3") is None:
        raise BackendDisabledError("its queues need boto3: pip install 'danmu-tts[aws]'")
    if context.expected is None:
        raise BackendDisabledError("results cannot be waited for here")
    timeout_s = settings.timeout_ms / 1000
    objects, queues = S3Objects(bucket, timeout_s=timeout_s), SqsQueues(timeout_s)
    return XttsBackend(settings, _transport(settings, queues, objects), queues, objects, context.expected)


def _transport(settings: XttsSettings, queues: SqsQueues, objects: S3Objects) -> Transport:
    if settings.transport == "sqs":
        return QueueTransport(queues, settings)
    if settings.endpoint_name is None:
        raise BackendDisabledError("SageMaker's endpoint is not named: set DANMU_TTS_XTTS__ENDPOINT_NAME")
    return SageMakerTransport(objects, settings.endpoint_name, settings.timeout_ms / 1000)


class XttsBackend(BaseBackend):
    """See ``ports.QueuedBackend``."""

    name = "xtts"

    def __init__(
        self,
        settings: XttsSettings,
        transport: Transport,
        queues: SqsQueues,
        objects: S3Objects,
        expected: Expected,
        *,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        """Opens nothing yet. ``clock`` gives Unix seconds."""
        self._settings = settings
        self._transport = transport
        self._queues = queues
        self._objects = objects
        self._expected = expected
        self._clock = clock
        self._new_id = new_id
        self._voices = tuple(packaged_voices(self.name, "xtts_v2"))
        self.traits = BackendTraits(silence_limit_s=settings.patience_ms / 1000, side_by_side=200, needs_language=True)

    async def get_voices(self) -> Sequence[Voice]:
        """The speakers that XTTS v2 comes with. Reference voices are known to those alone whose they are."""
        return self._voices

    async def health_check(self) -> BackendHealth:
        """Whether a job could be sent. It is not known whether a GPU reads it."""
        return BackendHealth(True, await self._transport.check())

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        """Send a job, sleep until its result is there, speak it; see ``ports.Backend``."""
        now_ms, limit_s = round(self._clock() * 1000), utterance.budget_s or self._settings.patience_ms / 1000
        expires_ms = now_ms + round(1000 * max(limit_s - _FETCHING_S, limit_s / 2))
        terms = JobTerms(
            f"w{self._new_id()}",
            express=utterance.priority is Priority.HIGH,
            room=utterance.room,
            created_at_ms=now_ms,
            expires_at_ms=expires_ms,
            request_id=current_request_id(),
        )
        try:
            await self._expected.expect(terms.id, limit_s)
            await self.submit(utterance, terms)
            result = await self._expected.wait(terms.id, limit_s)
        except StoreAwayError as error:
            raise BackendNetworkError("Nobody could tell when it is done: Redis is away.") from error
        finally:
            with suppress(StoreAwayError):
                await asyncio.shield(self._expected.forget(terms.id))
        if result is None:
            raise BackendTimeoutError("No GPU was done in time.")
        async for chunk in self.collect(result):
            yield chunk
        await self.discard(result)

    async def submit(self, utterance: Utterance, job: JobTerms) -> None:
        """See ``ports.QueuedBackend.submit``. The deadline is told first: a job without one could be lost.

        SQS counts whole seconds; the message comes up to one too early, never too late.
        """
        message = self._message(utterance, job)
        if job.deadline:
            delay_s = max(0, (job.expires_at_ms - job.created_at_ms) // 1000)
            body = JobDeadline(id=job.id, request_id=job.request_id).model_dump_json()
            await self._queues.send(self._settings.deadlines_queue, body, delay_s=delay_s)
        await self._transport.send(message, express=job.express)

    async def collect(self, result: JobResult) -> AsyncIterator[AudioChunk]:
        """See ``ports.QueuedBackend.collect``."""
        if result.audio is None:
            reason = result.reason or "failed"
            raise _ERRORS[reason](f"The GPU service could not speak it ({reason}): {result.message}")
        key = result.audio.key
        try:
            data = await asyncio.to_thread(self._objects.get, key, _MOST_AUDIO_BYTES)
        except NotThereError as error:
            raise BackendLateError("Its audio is not kept any more.") from error
        except S3Error as error:
            raise BackendNetworkError(f"Its audio cannot be read: {error.said}.") from error
        audio = VendorAudio(self.name)
        if chunk := audio.feed(data):
            yield chunk
        audio.finish()

    async def discard(self, result: JobResult) -> None:
        """See ``ports.QueuedBackend.discard``. What cannot be deleted now is left to the bucket's lifecycle rule."""
        if result.audio:
            with suppress(S3Error):
                await asyncio.to_thread(self._objects.delete, result.audio.key)

    async def cleanup(self) -> None:
        """Close the connections."""
        await self._transport.close()
        await self._queues.close()
        await asyncio.to_thread(self._objects.close)

    def _message(self, utterance: Utterance, job: JobTerms) -> SpeechJob:
        """Raises BackendRefusedError for what is too long."""
        voice, language = utterance.voice, utterance.language or "en"
        most_chars = _MOST_CHARS.get(primary_subtag(language), _MOST_CHARS_ELSE)
        reference = reference_id(voice.id)
        try:
            return SpeechJob(
                id=job.id,
                parts=tuple(cut_to(utterance.text, most_chars)),
                language=language,
                speaker=voice.name,
                reference=Reference(key=f"{REFERENCE_PREFIX}{reference}.wav", sha256=voice.revision)
                if reference
                else None,
                tempo=utterance.tempo,
                seed=self._settings.seed,
                room=job.room,
                created_at_ms=job.created_at_ms,
                expires_at_ms=job.expires_at_ms,
                request_id=job.request_id,
            )
        except ValueError as error:
            raise BackendRefusedError("XTTS cannot be given this text.") from error
