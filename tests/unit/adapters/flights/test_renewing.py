import asyncio
from collections.abc import Sequence
from typing import Any, cast

from danmu_tts.adapters.flights.redis import Led
from danmu_tts.adapters.redis.client import RedisClient

NEVER_S = 3600.0


class LosesCancellations:
    """A Redis that answers just when its caller is cancelled, of which Python's timeouts then say nothing."""

    def __init__(self) -> None:
        self.is_asked = asyncio.Event()

    async def call(self, script: Any, keys: Sequence[str], arguments: Sequence[Any]) -> None:
        if len(keys) > 1:  # it landed
            return
        self.is_asked.set()
        try:
            await asyncio.sleep(NEVER_S)
        except asyncio.CancelledError:
            return


async def test_who_has_landed_renews_no_more() -> None:
    redis = LosesCancellations()
    led = Led(cast(RedisClient, redis), "lock", "name", lease_s=0.01)
    await redis.is_asked.wait()
    await led.land(b"done")
    assert led.renewing.done()
