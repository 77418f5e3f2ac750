"""Where jobs are kept, and where results are waited for, on every flavour of Redis."""

import asyncio
from dataclasses import replace

import pytest

from danmu_tts.adapters.jobs.expected import RedisExpected
from danmu_tts.adapters.jobs.redis import RedisJobs
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.access import Grant, Principal, Role, Scope
from danmu_tts.domain.audio import AudioFormat, Caption, EncodedSpeech
from danmu_tts.domain.connections import Connection
from danmu_tts.domain.jobs import Hearer, Job, JobFailure, JobState, JobStatus
from danmu_tts.domain.speech import Fallback, Priority, Prosody, Speech, SpeechRequest, Timings
from danmu_tts.domain.voices import Voice
from speech_contract.jobs import JobAudio, JobResult

HERE = Connection("L0SM9cOFvHcCIhw=", "https://api/stage", Grant("key", "proof", "room", Role.PLAYER, 1), "client")
HEARER = Hearer(HERE, "utterance-1")
JOB = Job(
    "j1",
    SpeechRequest(
        "晚上好 😀",
        voice="xtts:ana-florence",
        format=AudioFormat.OPUS,
        prosody=Prosody(1.5, -2.0, 0.5),
        priority=Priority.HIGH,
        principal=Principal("aaaaaaaaaaaa", frozenset({Scope.SPEAK}), monthly_usd=1.5),
        room="night",
    ),
    captions=True,
    voice=Voice("xtts:ana-florence", "mul", "female", "xtts_v2", ("calm",)),
    created_at_ms=1_000,
    expires_at_ms=2_000,
    deadline_at_ms=3_000,
    request_id="JKJaXmPLvHcESHA=",
)
SPEECH = Speech(
    "j1",
    "0" * 64,
    EncodedSpeech(b"", AudioFormat.OPUS, 24_000, 900, "piper:joe", (Caption("晚上", 0, 900),)),
    None,
    Timings(1.0, 2.0),
    fallback=Fallback("xtts:ana-florence", "timeout"),
)
FAILURE = JobFailure("no_backend_available", 503, "Nobody could speak.")


@pytest.fixture
def jobs(redis: RedisClient) -> RedisJobs:
    return RedisJobs(redis, 60)


@pytest.fixture
def expected(redis: RedisClient) -> RedisExpected:
    return RedisExpected(redis)


async def test_a_job_is_kept_as_it_is(jobs: RedisJobs) -> None:
    await jobs.create(JOB, HEARER)
    assert await jobs.get("j1") == JobState(JOB, JobStatus.QUEUED, hearer=HEARER)
    assert await jobs.get("j2") is None


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (SPEECH, JobState(JOB, JobStatus.DONE, speech=SPEECH)),
        (FAILURE, JobState(JOB, JobStatus.FAILED, failure=FAILURE)),
        (None, JobState(JOB, JobStatus.CANCELLED)),
    ],
)
async def test_a_job_ends_once(jobs: RedisJobs, outcome: Speech | JobFailure | None, state: JobState) -> None:
    await jobs.create(JOB, None)
    assert await jobs.end("j1", outcome)
    for other in (SPEECH, FAILURE, None):
        assert not await jobs.end("j1", other)
    assert await jobs.get("j1") == state


async def test_of_many_at_once_one_ends_it(jobs: RedisJobs) -> None:
    await jobs.create(JOB, None)
    ended = await asyncio.gather(*(jobs.end("j1", replace(SPEECH, id=str(number))) for number in range(20)))
    assert sum(ended) == 1
    state = await jobs.get("j1")
    assert state
    assert state.speech == replace(SPEECH, id=str(ended.index(True)))


async def test_what_is_unknown_does_not_end(jobs: RedisJobs) -> None:
    assert not await jobs.end("j2", SPEECH)
    assert await jobs.get("j2") is None


async def test_its_audio_is_not_kept_with_it(jobs: RedisJobs) -> None:
    await jobs.create(JOB, None)
    await jobs.end("j1", replace(SPEECH, encoded=replace(SPEECH.encoded, audio=b"sound")))
    state = await jobs.get("j1")
    assert state
    assert state.speech == SPEECH


async def test_a_job_is_found_by_what_its_client_calls_it(jobs: RedisJobs) -> None:
    await jobs.create(JOB, HEARER)
    assert await jobs.of_hearer(HERE.owner, "utterance-1") == "j1"
    assert await jobs.of_hearer(HERE.owner, "utterance-2") is None
    assert await jobs.of_hearer("somebody else", "utterance-1") is None


async def test_its_hearer_moves(jobs: RedisJobs) -> None:
    there = replace(HEARER, connection=replace(HERE, id="there"))
    await jobs.create(JOB, HEARER)
    await jobs.move("j1", there)
    await jobs.move("j2", there)
    assert await jobs.get("j1") == JobState(JOB, JobStatus.QUEUED, hearer=there)
    assert await jobs.get("j2") is None


async def test_one_tells_and_nobody_after_it_was_told(jobs: RedisJobs) -> None:
    await jobs.create(JOB, HEARER)
    assert await jobs.begin_telling("j1")
    assert not await jobs.begin_telling("j1")
    await jobs.told("j1")
    assert not await jobs.begin_telling("j1")
    assert await jobs.get("j1") == JobState(JOB, JobStatus.QUEUED, hearer=HEARER, told=True)


async def test_whoever_died_while_telling_does_so_for_some_seconds(jobs: RedisJobs, redis: RedisClient) -> None:
    await jobs.create(JOB, HEARER)
    await jobs.begin_telling("j1")
    assert 0 < await redis.run("PTTL", redis.key("job", "{j1}:telling")) <= 10_000


async def test_jobs_are_forgotten(jobs: RedisJobs, redis: RedisClient) -> None:
    await jobs.create(JOB, HEARER)
    assert 0 < await redis.run("TTL", redis.key("job", "{j1}")) <= 60
    await jobs.told("j2")
    assert await jobs.get("j2") is None


RESULT = JobResult(id="w1", audio=JobAudio(key="temp/xtts/w1.wav", sample_rate_hz=24_000, duration_ms=5))


async def test_who_waits_is_woken_by_the_result(expected: RedisExpected) -> None:
    await expected.expect("w1", 30)
    waiting = asyncio.create_task(expected.wait("w1", 30))
    assert await expected.bring(RESULT)
    assert await waiting == RESULT


async def test_a_result_may_be_there_first(expected: RedisExpected) -> None:
    await expected.expect("w1", 30)
    assert await expected.bring(RESULT)
    assert await expected.wait("w1", 30) == RESULT


async def test_a_result_for_nobody_is_told_so(expected: RedisExpected) -> None:
    assert not await expected.bring(RESULT)
    await expected.expect("w1", 30)
    await expected.forget("w1")
    assert not await expected.bring(RESULT)


async def test_the_second_result_is_for_nobody(expected: RedisExpected) -> None:
    await expected.expect("w1", 30)
    assert await expected.bring(RESULT)
    assert not await expected.bring(RESULT.model_copy(update={"batch": 2}))
    assert await expected.wait("w1", 30) == RESULT


async def test_nobody_waits_longer_than_he_would(expected: RedisExpected) -> None:
    await expected.expect("w1", 30)
    assert await expected.wait("w1", 0.01) is None


async def test_what_nobody_waits_for_any_more_is_forgotten(expected: RedisExpected, redis: RedisClient) -> None:
    await expected.expect("w1", 30)
    assert 30_000 < await redis.run("PTTL", redis.key("expected", "{w1}")) <= 35_000
