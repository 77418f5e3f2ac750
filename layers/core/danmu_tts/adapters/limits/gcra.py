"""GCRA by throttled-py, for several limits at once: all are taken, or none is.

Otherwise whoever runs into his own limit would go on using up his room's and everybody's.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from danmu_tts.adapters.redis.client import RedisClient, Script
from danmu_tts.domain.limits import Limit, Standing
from danmu_tts.once import once

if TYPE_CHECKING:
    from throttled.rate_limiter import BaseRateLimiter
    from throttled.store import MemoryStore

# Limits that are kept in memory while Redis is away; the one set longest ago goes first.
_KEPT = 10_000


class RedisLimiter:
    """Counts in all processes together, in one round trip. See ``ports.RateLimiter``.

    All limits lie under one hash tag, since a script in a cluster works on one node.
    """

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def take(self, limits: Sequence[Limit]) -> list[Standing]:
        """Take what the request costs from each, or nothing. Raises StoreAwayError."""
        keys = [self._redis.key("{limits}", each.of, each.who, each.unit) for each in limits]
        args = [value for each in limits for value in (each.interval_s, each.per_minute, each.cost)]
        answer: bytes = await self._redis.call(_take_all(), keys, args)
        figures = answer.split()
        return [_standing(limits[int(figures[at]) - 1], *figures[at + 1 : at + 4]) for at in range(0, len(figures), 4)]


class LocalLimiter:
    """Counts in this process alone. See ``ports.RateLimiter``."""

    def __init__(self) -> None:
        self._store: MemoryStore | None = None

    async def take(self, limits: Sequence[Limit]) -> list[Standing]:
        """Take what the request costs from each, or nothing. No other task runs in between."""
        for each in limits:
            limiter, key = self._limiter(each), f"{each.of}:{each.who}:{each.unit}"
            if limiter.peek(key).remaining < each.cost:
                return [self._take(each, limiter, key)]
        return [self._take(each, self._limiter(each), f"{each.of}:{each.who}:{each.unit}") for each in limits]

    @staticmethod
    def _take(limit: Limit, limiter: "BaseRateLimiter", key: str) -> Standing:
        state = limiter.limit(key, limit.cost).state
        return Standing(limit, state.remaining, state.retry_after)

    def _limiter(self, limit: Limit) -> "BaseRateLimiter":
        from throttled.rate_limiter import per_min
        from throttled.rate_limiter.gcra import GCRARateLimiter
        from throttled.store import MemoryStore

        self._store = self._store or MemoryStore(options={"MAX_SIZE": _KEPT})
        return GCRARateLimiter(per_min(limit.per_minute), self._store)


def _standing(limit: Limit, limited: bytes, remaining: bytes, retry_after_s: bytes) -> Standing:
    return Standing(limit, int(remaining), max(float(retry_after_s), 0.001) if int(limited) else 0.0)


@once
def _take_all() -> Script:
    """The library's two scripts as functions, and a loop around them.

    It answers in one line, which is read quicker than a list of lists: for each limit its number, whether it is at its
    end, what remains, and the seconds until the request would pass.
    """
    from throttled.rate_limiter.gcra import RedisLimitAtomicActionSpec, RedisPeekAtomicActionSpec

    return Script(f"""
local peek = function(KEYS, ARGV) {RedisPeekAtomicActionSpec.SCRIPTS} end
local limit = function(KEYS, ARGV) {RedisLimitAtomicActionSpec.SCRIPTS} end
local function take(i)
    local answer = limit({{KEYS[i]}}, {{ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]}})
    return table.concat({{i, answer[1], answer[2], answer[4]}}, ' ')
end
for i = 1, #KEYS do
    local remaining = peek({{KEYS[i]}}, {{ARGV[3 * i - 2], ARGV[3 * i - 1]}})[2]
    if remaining < tonumber(ARGV[3 * i]) then return take(i) end
end
local answers = {{}}
for i = 1, #KEYS do answers[i] = take(i) end
return table.concat(answers, ' ')
""")
