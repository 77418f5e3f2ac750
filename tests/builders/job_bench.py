"""Jobs over a backend that the test plays, in one process of several that share a Redis."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danmu_tts.adapters.connections.redis import RedisConnections
from danmu_tts.adapters.jobs.expected import RedisExpected
from danmu_tts.adapters.jobs.redis import RedisJobs
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.access import Grant, Principal, Scope
from danmu_tts.domain.circuit import CircuitPolicy
from danmu_tts.domain.connections import Connection
from danmu_tts.domain.jobs import Hearer, Job, JobTerms
from danmu_tts.domain.speech import Speech, SpeechRequest, Utterance
from danmu_tts.ports import Plugin
from danmu_tts.services.delivery import Delivery
from danmu_tts.services.job_telling import JobTelling
from danmu_tts.services.jobs import JobOptions, Jobs, JobWorld
from danmu_tts.services.trying import Deferred
from danmu_tts.settings import LimitSettings, RedisSettings
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import FakeBackend
from tests.builders.fake_pusher import FakePusher
from tests.builders.queued_backend import QueuedFakeBackend
from tests.builders.recording_metrics import RecordingMetrics
from tests.builders.speak_bench import MEGABYTE, SpeakBench, speak_bench

SPEAKER = Principal(key_id="aaaaaaaaaaaa", scopes=frozenset({Scope.SPEAK}))
HERE = Connection("here", "https://api", Grant("aaaaaaaaaaaa", "proof"), "client-of-sixteen")
TEXT = "Good evening to everybody who is here."
PATIENCE_S, FALLBACK_S = 20.0, 4.0

_ASKED: dict[str, Any] = {"text": TEXT, "voice": "far:en-US", "principal": SPEAKER}
_PATIENT = CircuitPolicy(failures=1_000_000, failure_rate=2.0)
_ids = itertools.count(1)


@dataclass(frozen=True)
class JobBench:
    jobs: Jobs
    far: QueuedFakeBackend
    near: FakeBackend
    speak: SpeakBench
    store: RedisJobs
    pusher: FakePusher
    clock: FakeClock
    metrics: RecordingMetrics
    slept_s: list[float]

    async def begin(self, hearer: str | None = None, connection: Connection = HERE, **fields: Any) -> Job:
        """Ask for the far voice; it must become a job. ``hearer``: what its client calls it."""
        request = SpeechRequest(**_ASKED | fields)
        told = Hearer(connection, hearer) if hearer else None
        deferred = await self.jobs.ask(request, captions=True, hearer=told)
        assert isinstance(deferred, Deferred), deferred
        return deferred.job

    async def ask(self, **fields: Any) -> Speech:
        """Ask for the far voice; it must be spoken now."""
        request = SpeechRequest(**_ASKED | fields)
        speech = await self.jobs.ask(request, captions=True)
        assert isinstance(speech, Speech), speech
        return speech

    def sent(self, job: Job) -> tuple[Utterance, JobTerms]:
        """What the far backend was sent of it."""
        return next(each for each in self.far.sent if each[1].id == job.id)


def job_bench(
    directory: Path,
    redis: RedisClient | None = None,
    *,
    clock: FakeClock | None = None,
    pusher: FakePusher | None = None,
    plugins: tuple[Plugin, ...] = (),
    far: QueuedFakeBackend | None = None,
    near: FakeBackend | None = None,
    patient: bool = False,
    keeps_time: bool = False,
    on_sleep: Callable[[float], None] = lambda _: None,
) -> JobBench:
    """``patient``: for thousands: who is late is asked again all the same, and nobody asks for too much."""
    far, near = far or QueuedFakeBackend(), near or FakeBackend("near")
    clock, pusher = clock or FakeClock(), pusher or FakePusher()
    circuit, limits = (_PATIENT, LimitSettings(key_requests=0, key_characters=0)) if patient else (None, None)
    speak = speak_bench(
        near,
        far,
        directory=directory,
        clock=clock,
        plugins=plugins,
        circuit=circuit,
        limits=limits,
        file_bytes=64 * MEGABYTE,
    )
    redis = redis or RedisClient(RedisSettings())
    store, slept_s = RedisJobs(redis, 3600), list[float]()

    async def sleep(seconds: float) -> None:
        slept_s.append(seconds)
        clock.advance(seconds)
        on_sleep(seconds)

    telling = JobTelling(
        speak.service, Delivery(RedisConnections(redis, 60), pusher, clock, sleep), "https://tts.example"
    )
    world = JobWorld(store, RedisExpected(redis), speak.cache, speak.metrics, clock, sleep, lambda: f"{next(_ids):08d}")
    jobs = Jobs(
        speak.service, speak.backends, telling, JobOptions(PATIENCE_S, FALLBACK_S, keeps_time=keeps_time), world
    )
    return JobBench(jobs, far, near, speak, store, pusher, clock, speak.metrics, slept_s)
