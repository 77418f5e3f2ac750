"""Processes that all take from one limit: ``python -m tests.integration.shared.hammers 20 6000 3 URL``.

Each counts in Redis, under ``accepted``, what it was granted, until Redis' own clock says that the time is over and
nothing is left, however slow the machine; the first and the last moment of each are kept there too.
"""

import asyncio
import os
import sys

from redis.asyncio import Redis

from danmu_tts.adapters.limits.gcra import RedisLimiter
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.limits import Limit, Unit
from tests.builders.patient import patient_redis

_LIMIT_MS = 60_000


async def clock_s(referee: Redis) -> float:
    seconds, microseconds = await referee.time()
    return float(seconds) + float(microseconds) / 1e6


async def hammer(per_minute: int, seconds: float, url: str) -> None:
    client = RedisClient(patient_redis(url))
    limiter, limit = RedisLimiter(client), Limit("all", "all", Unit.REQUESTS, per_minute, 1)
    await limiter.take([Limit("another", "all", Unit.REQUESTS, per_minute, 1)])  # which connects
    accepted = 0
    async with Redis.from_url(url, socket_timeout=None) as referee:
        await referee.rpush("ready", os.getpid())
        assert await referee.xread({"start": "0-0"}, block=_LIMIT_MS)
        first_s = now_s = 0.0
        refused = 0
        while now_s < first_s + seconds or not refused:
            # At the same moment: on a busy machine this process may be put aside between the two.
            asked = asyncio.gather(*(limiter.take([limit]) for _ in range(10)))
            standings, now_s = await asyncio.gather(asked, clock_s(referee))
            first_s = first_s or now_s
            refused = sum(not standing.passed for (standing,) in standings)
            accepted += len(standings) - refused
        await referee.zadd("moments", {f"{os.getpid()} first": first_s, f"{os.getpid()} last": now_s})
        await referee.rpush("accepted", accepted)
    await client.close()


def main(processes: int, per_minute: int, seconds: float, url: str) -> None:
    """Fork, so that what they all need is imported once; nothing was opened yet."""
    for _ in range(processes):
        if os.fork() == 0:
            asyncio.run(hammer(per_minute, seconds, url))
            return
    for _ in range(processes):
        os.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
