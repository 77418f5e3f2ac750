"""Results on their way to whoever sleeps until they are there, in any process: one stream of one entry for each."""

from typing import Any

from danmu_tts.adapters.redis.client import RedisClient, Script
from speech_contract.jobs import JobResult

# The stream has its place holder from the beginning, so that a result for nobody is told from one that is expected.
_BRING = Script("""
if redis.call('XLEN', KEYS[1]) ~= 1 then return 0 end
redis.call('XADD', KEYS[1], '2-0', 'result', ARGV[1])
return 1
""")
_EXPECTED, _BROUGHT = "1-0", "2-0"
_SPARE_MS = 5000


class RedisExpected:
    """See ``ports.Expected``."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def expect(self, job_id: str, limit_s: float) -> None:
        """See ``ports.Expected.expect``."""
        key = self._key(job_id)
        await self._redis.run("XADD", key, _EXPECTED, "expected", 1)
        await self._redis.run("PEXPIRE", key, round(limit_s * 1000) + _SPARE_MS)

    async def bring(self, result: JobResult) -> bool:
        """See ``ports.Expected.bring``."""
        return bool(await self._redis.call(_BRING, [self._key(result.id)], [result.model_dump_json()]))

    async def wait(self, job_id: str, limit_s: float) -> JobResult | None:
        """See ``ports.Expected.wait``."""
        limit_ms = max(1, round(limit_s * 1000))
        heard: Any = await self._redis.wait(
            limit_s, "XREAD", "BLOCK", limit_ms, "STREAMS", self._key(job_id), _EXPECTED
        )
        if not heard:
            return None
        return JobResult.model_validate_json(heard[0][1][0][1][b"result"])

    async def forget(self, job_id: str) -> None:
        """See ``ports.Expected.forget``."""
        await self._redis.run("DEL", self._key(job_id))

    def _key(self, job_id: str) -> str:
        return self._redis.key("expected", "{" + job_id + "}")
