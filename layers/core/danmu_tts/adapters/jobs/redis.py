"""Jobs in Redis. A job is one hash, and one script ends it: whoever comes second is told so."""

import hashlib
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from danmu_tts.adapters.redis.client import RedisClient, Script
from danmu_tts.domain.jobs import Hearer, Job, JobFailure, JobState, JobStatus
from danmu_tts.domain.speech import Speech

T = TypeVar("T")

# Whoever tells has died if it has not said for so long that it has told.
_TELLING_MS = 10_000

_CREATE = Script("""
redis.call('HSET', KEYS[1], 'status', 'queued', 'job', ARGV[2], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
""")
_END = Script("""
if redis.call('HGET', KEYS[1], 'status') ~= 'queued' then return 0 end
redis.call('HSET', KEYS[1], 'status', ARGV[1], 'outcome', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
""")
# Only what is there is changed: a hash of one field would be no job.
_CHANGE = Script("""
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
""")
_BEGIN_TELLING = Script("""
if redis.call('HEXISTS', KEYS[1], 'told') == 1 then return 0 end
return redis.call('SET', KEYS[2], 1, 'NX', 'PX', ARGV[1]) and 1 or 0
""")
_TOLD = Script("""
redis.call('DEL', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'told', 1) end
""")


class RedisJobs:
    """See ``ports.JobStore``."""

    def __init__(self, redis: RedisClient, ttl_s: int) -> None:
        """``ttl_s``: how long after its beginning, and again after its end, it is known what became of a job."""
        self._redis = redis
        self._ttl_s = ttl_s

    async def create(self, job: Job, hearer: Hearer | None) -> None:
        """See ``ports.JobStore.create``."""
        told = ["hearer", _written(Hearer, hearer)] if hearer else []
        await self._redis.call(_CREATE, [self._key(job.id)], [self._ttl_s * 1000, _written(Job, job), *told])
        if hearer:
            name = self._name(hearer.connection.owner, hearer.utterance_id)
            await self._redis.run("SET", name, job.id, "EX", self._ttl_s)

    async def get(self, job_id: str) -> JobState | None:
        """See ``ports.JobStore.get``."""
        fields = await self._redis.run("HMGET", self._key(job_id), "status", "job", "outcome", "hearer", "told")
        status, job, outcome, hearer, told = fields
        if job is None or status is None:
            return None
        state = JobState(_read(Job, job), JobStatus(status.decode()), told=told is not None)
        if hearer:
            state = replace(state, hearer=_read(Hearer, hearer))
        if state.status is JobStatus.DONE:
            return replace(state, speech=_read(Speech, outcome))
        if state.status is JobStatus.FAILED:
            return replace(state, failure=_read(JobFailure, outcome))
        return state

    async def end(self, job_id: str, outcome: Speech | JobFailure | None) -> bool:
        """See ``ports.JobStore.end``."""
        status, written = JobStatus.CANCELLED, b""
        if isinstance(outcome, Speech):
            silent = replace(outcome, encoded=replace(outcome.encoded, audio=b""))
            status, written = JobStatus.DONE, _written(Speech, silent)
        elif outcome:
            status, written = JobStatus.FAILED, _written(JobFailure, outcome)
        return bool(await self._redis.call(_END, [self._key(job_id)], [status.value, written, self._ttl_s * 1000]))

    async def of_hearer(self, owner: str, utterance_id: str) -> str | None:
        """See ``ports.JobStore.of_hearer``."""
        found: bytes | None = await self._redis.run("GET", self._name(owner, utterance_id))
        return found.decode() if found else None

    async def move(self, job_id: str, hearer: Hearer) -> None:
        """See ``ports.JobStore.move``."""
        await self._redis.call(_CHANGE, [self._key(job_id)], ["hearer", _written(Hearer, hearer)])

    async def begin_telling(self, job_id: str) -> bool:
        """See ``ports.JobStore.begin_telling``."""
        return bool(await self._redis.call(_BEGIN_TELLING, self._telling(job_id), [_TELLING_MS]))

    async def told(self, job_id: str) -> None:
        """See ``ports.JobStore.told``."""
        await self._redis.call(_TOLD, self._telling(job_id))

    def _telling(self, job_id: str) -> list[str]:
        return [self._key(job_id), f"{self._key(job_id)}:telling"]

    def _key(self, job_id: str) -> str:
        return self._redis.key("job", "{" + job_id + "}")

    def _name(self, owner: str, utterance_id: str) -> str:
        """Of a hash: a client's name is a secret between it and us."""
        name = hashlib.sha256(f"{owner}/{utterance_id}".encode()).hexdigest()[:32]
        return self._redis.key("job-of", name)


@cache
def _adapters() -> dict[type, TypeAdapter[Any]]:
    return {kind: TypeAdapter(kind) for kind in (Hearer, Job, JobFailure, Speech)}


def _written(kind: type[T], value: T) -> bytes:
    return _adapters()[kind].dump_json(value)


def _read(kind: type[T], written: bytes) -> T:
    return cast(T, _adapters()[kind].validate_json(written))
