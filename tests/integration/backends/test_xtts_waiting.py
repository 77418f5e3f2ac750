"""Waiting for XTTS: a real SQS, S3 and Redis, and a GPU that the test plays."""

import asyncio
import io
import time
import wave
from collections.abc import AsyncIterator
from typing import Any

import pytest

from danmu_tts.adapters.aws.s3_objects import S3Objects
from danmu_tts.adapters.backends.xtts import XttsBackend
from danmu_tts.adapters.jobs.expected import RedisExpected
from danmu_tts.adapters.jobs.making_queues import make_queues
from danmu_tts.adapters.jobs.receiving import SqsReceiver
from danmu_tts.adapters.jobs.sqs import SqsQueues
from danmu_tts.adapters.jobs.transports import QueueTransport
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.errors import (
    BackendLateError,
    BackendNetworkError,
    BackendRefusedError,
    BackendServerError,
    BackendTimeoutError,
    BackendUnavailableError,
    VoiceWithdrawnError,
)
from danmu_tts.domain.jobs import JobTerms
from danmu_tts.domain.speech import Priority, Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.observability import request_scope
from danmu_tts.settings_backends import XttsSettings
from speech_contract.jobs import JobAudio, JobDeadline, JobResult, SpeechJob, audio_key
from tests.builders.patient import patient_redis
from tests.builders.sound import sine
from tests.servers.process import free_port
from tests.servers.s3_server import BUCKET, S3Server

VOICE = Voice("xtts:ana-florence", "mul")
REFERENCE = Voice("xtts:ref-" + "a" * 32, "mul", revision="b" * 64)
NAMES = {kind: f"danmu-tts-xtts-{kind}" for kind in ("express", "standard", "results", "deadlines")}
RATE_HZ = 24_000


def asked(text: str = "你好", **fields: Any) -> Utterance:
    usual: dict[str, Any] = {"voice": VOICE, "language": "zh", "budget_s": 20.0}
    return Utterance(text, **usual | fields)


class Gpu:
    """The other end of the queues."""

    def __init__(self, expected: RedisExpected, objects: S3Objects) -> None:
        self.expected = expected
        self.objects = objects

    async def take(self, queue: str = "standard") -> SpeechJob:
        """The one job that was sent."""
        (record,) = await asyncio.to_thread(SqsReceiver(NAMES[queue]).receive, 1)
        return SpeechJob.model_validate_json(record["body"])

    async def speak(self, job: SpeechJob) -> None:
        """Half a second of something."""
        file = io.BytesIO()
        with wave.open(file, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(RATE_HZ)
            writer.writeframes(sine(0.5, rate_hz=RATE_HZ))
        await asyncio.to_thread(self.objects.put, audio_key(job.id), file.getvalue())
        audio = JobAudio(key=audio_key(job.id), sample_rate_hz=RATE_HZ, duration_ms=500)
        assert await self.expected.bring(JobResult(id=job.id, audio=audio))


@pytest.fixture
async def expected() -> AsyncIterator[RedisExpected]:
    redis = RedisClient(patient_redis())
    yield RedisExpected(redis)
    await redis.close()


@pytest.fixture
async def objects(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[S3Objects]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    make_queues(NAMES)
    objects = S3Objects(BUCKET, timeout_s=5)
    yield objects
    objects.close()


@pytest.fixture
async def backend(expected: RedisExpected, objects: S3Objects) -> AsyncIterator[XttsBackend]:
    queues, settings = SqsQueues(5), XttsSettings()
    backend = XttsBackend(settings, QueueTransport(queues, settings), queues, objects, expected)
    yield backend
    await backend.cleanup()


@pytest.fixture
def gpu(expected: RedisExpected, objects: S3Objects) -> Gpu:
    return Gpu(expected, objects)


async def heard(backend: XttsBackend, utterance: Utterance) -> list[AudioChunk]:
    return [chunk async for chunk in backend.synthesize(utterance)]


async def test_it_sleeps_until_a_gpu_has_spoken(backend: XttsBackend, gpu: Gpu) -> None:
    with request_scope("asker"):
        waiting = asyncio.create_task(heard(backend, asked(room="night")))
    job = await gpu.take()
    assert job.request_id == "asker"
    assert (job.parts, job.language, job.speaker, job.room) == (("你好",), "zh", "ana-florence", "night")
    assert 0 < job.expires_at_ms - time.time() * 1000 <= 20_000
    await gpu.speak(job)
    (chunk,) = await waiting
    assert (chunk.sample_rate_hz, chunk.duration_ms) == (RATE_HZ, 500)
    assert gpu.objects.names("temp/xtts/") == []


async def test_a_deadline_is_told_under_the_request_that_the_job_is_for(backend: XttsBackend, gpu: Gpu) -> None:
    await backend.submit(asked(), JobTerms("j1", False, None, 1_000, 1_000, deadline=True, request_id="asker"))
    (record,) = await asyncio.to_thread(SqsReceiver(NAMES["deadlines"]).receive, 1)
    assert JobDeadline.model_validate_json(record["body"]) == JobDeadline(id="j1", request_id="asker")
    assert (await gpu.take()).request_id == "asker"


async def test_who_is_in_haste_goes_by_the_express_queue(backend: XttsBackend, gpu: Gpu) -> None:
    waiting = asyncio.create_task(heard(backend, asked(priority=Priority.HIGH)))
    await gpu.speak(await gpu.take("express"))
    assert await waiting


async def test_a_voice_of_ones_own_goes_with_its_recording(backend: XttsBackend, gpu: Gpu) -> None:
    waiting = asyncio.create_task(heard(backend, asked(voice=REFERENCE)))
    job = await gpu.take()
    assert job.reference
    assert job.reference.key == f"models/reference_voices/{'a' * 32}.wav"
    assert job.reference.sha256 == "b" * 64
    await gpu.speak(job)
    assert await waiting


async def test_a_long_text_goes_in_pieces_that_xtts_can_take(backend: XttsBackend, gpu: Gpu) -> None:
    text = "今天我们一起去公园，" * 30
    waiting = asyncio.create_task(heard(backend, asked(text)))
    job = await gpu.take()
    assert all(len(part) <= 82 for part in job.parts)
    assert "".join(job.parts) == text
    await gpu.speak(job)
    await waiting


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("failed", BackendServerError),
        ("no_memory", BackendServerError),
        ("store_away", BackendServerError),
        ("expired", BackendTimeoutError),
        ("unknown_voice", VoiceWithdrawnError),
        ("unknown_language", BackendRefusedError),
        ("nothing_to_say", BackendRefusedError),
        ("bad_reference", VoiceWithdrawnError),
    ],
)
async def test_what_a_gpu_could_not_is_said(
    backend: XttsBackend, reason: Any, error: type[BackendUnavailableError]
) -> None:
    with pytest.raises(error, match=reason):
        [chunk async for chunk in backend.collect(JobResult(id="w1", reason=reason))]


async def test_nobody_waits_longer_than_he_may(backend: XttsBackend) -> None:
    with pytest.raises(BackendTimeoutError):
        await heard(backend, asked(budget_s=0.05))


async def test_what_comes_when_nobody_waits_any_more_is_for_nobody(backend: XttsBackend, gpu: Gpu) -> None:
    waiting = asyncio.create_task(heard(backend, asked()))
    job = await gpu.take()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert not await gpu.expected.bring(JobResult(id=job.id, reason="failed"))


async def test_audio_that_is_gone_or_none_is_a_failure_and_not_silence(backend: XttsBackend, gpu: Gpu) -> None:
    audio = JobAudio(key=audio_key("w1"), sample_rate_hz=RATE_HZ, duration_ms=500)
    with pytest.raises(BackendLateError):
        [chunk async for chunk in backend.collect(JobResult(id="w1", audio=audio))]
    for data in (b"<html>busy</html>", b"RIFF\x00\x00"):
        gpu.objects.put(audio_key("w1"), data)
        with pytest.raises(BackendUnavailableError):
            assert not [chunk async for chunk in backend.collect(JobResult(id="w1", audio=audio))]


async def test_where_the_bucket_is_away_that_is_said(
    expected: RedisExpected, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    queues, settings = SqsQueues(1), XttsSettings()
    objects = S3Objects(BUCKET, timeout_s=1)
    backend = XttsBackend(settings, QueueTransport(queues, settings), queues, objects, expected)
    audio = JobAudio(key=audio_key("w1"), sample_rate_hz=RATE_HZ, duration_ms=500)
    with pytest.raises(BackendNetworkError):
        [chunk async for chunk in backend.collect(JobResult(id="w1", audio=audio))]
    await backend.discard(JobResult(id="w1", audio=audio))
    await backend.cleanup()


async def test_it_is_well_while_jobs_can_be_sent(backend: XttsBackend) -> None:
    health = await backend.health_check()
    assert (health.available, health.detail) == (True, "0 express and 0 standard jobs wait")
