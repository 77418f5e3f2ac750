"""Jobs whose results come before, after, and in the very moment of their deadlines; every message twice.

Two processes' worth of services share one Redis. Each message goes to one of them, and all that fall due in one
moment are handled at once. The order is drawn from a seed.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.connections import Connection
from danmu_tts.domain.jobs import Job, JobStatus
from speech_contract.frames import Audio, Done
from speech_contract.jobs import JobDeadline
from tests.builders.clock import FakeClock
from tests.builders.fake_pusher import FakePusher
from tests.builders.job_bench import HERE, PATIENCE_S, SPEAKER, JobBench, job_bench
from tests.builders.patient import patient_redis
from tests.builders.queued_backend import QueuedFakeBackend, failed, spoken
from tests.servers.redis_server import RedisServer

# As many moments as this lie between the first result and the last; the deadline is in the middle.
MOMENTS = 200
JOBS = int(os.environ.get("RACE_JOBS", MOMENTS))

Step = Callable[[], Awaitable[None]]


@pytest.fixture
async def processes(tmp_path: Path, plain_redis: RedisServer) -> AsyncIterator[list[JobBench]]:
    clock, pusher, far = FakeClock(), FakePusher(), QueuedFakeBackend()
    clients = [RedisClient(patient_redis(plain_redis.url)) for _ in range(2)]
    yield [job_bench(tmp_path, client, clock=clock, pusher=pusher, far=far, patient=True) for client in clients]
    for client in clients:
        await client.close()


async def test_every_job_has_one_end(processes: list[JobBench], capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(8)
    first = processes[0]
    jobs = []
    for number in range(JOBS):
        jobs.append(await first.begin(f"u{number}", _client(number), text=f"No. {number}", format=AudioFormat.PCM))
        first.clock.advance(0.05)
    moments = _messages(chance, processes, jobs)
    for moment in sorted(moments):
        first.clock.now_s = max(first.clock.now_s, moment)
        steps = moments[moment]
        chance.shuffle(steps)
        await asyncio.gather(*(step() for step in steps))

    states = [await first.jobs.get(SPEAKER, job.id) for job in jobs]
    ended_by = sum((each.metrics.jobs for each in processes), Counter())
    spoken_by = Counter(state.speech.encoded.backend for state in states if state.speech)
    with capsys.disabled():
        print(f"\n{JOBS} jobs ended by {dict(ended_by)}, spoken by {dict(spoken_by)}")
    assert {state.status for state in states} == {JobStatus.DONE}
    assert sum(ended_by.values()) == JOBS
    assert min(ended_by["result"], ended_by["deadline"]) > JOBS // 4
    for number, state in enumerate(states):
        frames = first.pusher.sent[_client(number).id]
        assert [type(frame) for frame in frames] == [Audio, Done]
        assert state.speech
        assert cast(Done, frames[1]).backend == state.speech.encoded.backend


def _client(number: int) -> Connection:
    return Connection(f"connection-{number}", HERE.endpoint, HERE.grant, f"client-{number}")


def _messages(chance: random.Random, processes: list[JobBench], jobs: list[Job]) -> dict[float, list[Step]]:
    """What falls due when: each job's result after a delay swept across its deadline, its deadline, and both again."""
    moments: dict[float, list[Step]] = {}
    for number, job in enumerate(jobs):
        utterance, terms = processes[0].sent(job)
        result = failed(terms) if number % 10 == 0 else spoken(utterance, terms)
        delay_s = PATIENCE_S * 2 * (number % MOMENTS) / MOMENTS
        for _ in range(2):
            one, other = chance.choice(processes), chance.choice(processes)
            came_s = job.created_at_ms / 1000
            moments.setdefault(came_s + delay_s, []).append(partial(one.jobs.result, result))
            ends = JobDeadline(id=job.id)
            moments.setdefault(job.expires_at_ms / 1000, []).append(partial(other.jobs.deadline, ends))
    return moments
