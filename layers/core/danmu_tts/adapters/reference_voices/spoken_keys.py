"""Which cache entries a voice has spoken, in Redis: so that they can go with it."""

from collections.abc import Sequence

from danmu_tts.adapters.redis.client import RedisClient, Script
from danmu_tts.domain.cache_key import is_cache_key

MOST_KEYS = 10_000

# By when each was heard last: what is heard again and again pushes nothing out.
_NOTE = Script("""
local now = redis.call('TIME')
redis.call('ZADD', KEYS[1], string.format('%.0f', now[1] * 1000000 + now[2]), ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[2] - 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
""")
_TAKE = Script("""
local keys = redis.call('ZREVRANGE', KEYS[1], 0, -1)
redis.call('DEL', KEYS[1])
return keys
""")


class RedisSpokenKeys:
    """See ``ports.reference_voices.SpokenKeys``."""

    def __init__(self, redis: RedisClient, ttl_s: int, most_keys: int = MOST_KEYS) -> None:
        """``ttl_s``: the longest that any cache keeps an entry."""
        self._redis = redis
        self._ttl_s = ttl_s
        self._most_keys = most_keys

    async def note(self, voice: str, key: str) -> None:
        """Put it before the others, of which the longest unheard go."""
        await self._redis.call(_NOTE, [self._name(voice)], [key, self._most_keys, self._ttl_s])

    async def take(self, voice: str) -> Sequence[str]:
        """Read and delete them in one step."""
        found = await self._redis.call(_TAKE, [self._name(voice)])
        return [key for key in (each.decode() for each in found) if is_cache_key(key)]

    def _name(self, voice: str) -> str:
        return self._redis.key("spoken", voice)
