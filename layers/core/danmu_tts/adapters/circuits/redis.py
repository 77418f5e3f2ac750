"""Open circuits in Redis: a key a backend, which expires when it may be tried again."""

from collections.abc import Mapping, Sequence

from danmu_tts.adapters.redis.client import RedisClient, Script

_READ = Script("""
local left = {}
for i, key in ipairs(KEYS) do left[i] = redis.call('PTTL', key) end
return left
""")


class RedisCircuitBoard:
    """See ``ports.CircuitBoard``."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def post(self, backend: str, left_s: float) -> None:
        """Tell that a backend is to be left alone for so long. Raises StoreAwayError."""
        await self._redis.run("SET", self._key(backend), b"", "PX", max(1, round(left_s * 1000)))

    async def read(self, backends: Sequence[str]) -> Mapping[str, float]:
        """Seconds for which each is to be left alone, of those that are. Raises StoreAwayError."""
        left_ms = await self._redis.call(_READ, [self._key(name) for name in backends])
        return {name: each / 1000 for name, each in zip(backends, left_ms, strict=True) if each > 0}

    def _key(self, backend: str) -> str:
        return self._redis.key("{circuits}", backend)
