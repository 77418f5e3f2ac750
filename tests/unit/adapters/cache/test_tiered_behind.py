"""What an asker waits for, and what is done behind his back."""

import asyncio
from collections.abc import Awaitable, Callable

from danmu_tts.adapters.cache.memory import MemoryCache
from danmu_tts.adapters.cache.tiered import TieredCache
from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.domain.errors import StoreAwayError
from tests.builders.caches import a_hit
from tests.builders.clock import FakeClock
from tests.builders.speech import KEY, a_speech
from tests.builders.until import until


class Tier(MemoryCache):
    """Of another process's memory, as slow as a test wants it."""

    def __init__(self, name: str, check: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__(10_000, ttl_s=60, clock=FakeClock())
        self.name = name
        self.let = asyncio.Event()
        self.let.set()
        self.written = 0
        self.closed = False
        if check:
            self.check = check

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        await self.let.wait()
        self.written += 1
        return await super().set(key, speech)

    async def close(self) -> None:
        self.closed = True


def memory() -> MemoryCache:
    return MemoryCache(10_000, ttl_s=60, clock=FakeClock())


async def test_a_write_is_done_when_others_can_read_it_and_slower_tiers_follow() -> None:
    quick, slow = Tier("redis"), Tier("s3")
    slow.let.clear()
    cache = TieredCache([memory(), quick, slow])
    assert await cache.set(KEY, a_speech())
    assert (quick.written, slow.written) == (1, 0)
    slow.let.set()
    await until(lambda: slow.written == 1)


async def test_where_the_quick_tier_cannot_the_slow_one_is_waited_for() -> None:
    class Full(Tier):
        async def set(self, key: str, speech: EncodedSpeech) -> bool:
            return False

    slow = Tier("s3")
    assert await TieredCache([memory(), Full("redis"), slow]).set(KEY, a_speech())
    assert slow.written == 1


async def test_what_a_slow_tier_has_is_given_at_once_and_told_to_the_quick_one_behind() -> None:
    near, quick, slow = memory(), Tier("redis"), Tier("s3")
    await slow.set(KEY, a_speech())
    quick.let.clear()
    assert (await a_hit(TieredCache([near, quick, slow]), KEY)).speech == a_speech()
    assert await near.get(KEY)
    assert quick.written == 0
    quick.let.set()
    await until(lambda: quick.written == 1)


async def test_closing_finishes_what_is_being_written_and_closes_the_tiers() -> None:
    quick, slow = Tier("redis"), Tier("s3")
    cache = TieredCache([quick, slow])
    await cache.set(KEY, a_speech())
    await cache.close()
    assert (slow.written, quick.closed, slow.closed) == (1, True, True)


async def test_a_check_names_the_tiers_that_fail_and_why() -> None:
    async def fail() -> None:
        raise StoreAwayError("no such bucket")

    async def work() -> None:
        pass

    cache = TieredCache([memory(), Tier("redis", work), Tier("s3", fail)])
    assert await cache.check() == {"s3": "no such bucket"}


async def test_what_is_deleted_while_a_slow_tier_is_being_written_does_not_come_back() -> None:
    quick, slow = Tier("redis"), Tier("s3")
    slow.let.clear()
    cache = TieredCache([memory(), quick, slow])
    await cache.set(KEY, a_speech())
    deleting = asyncio.create_task(cache.delete(KEY))
    await asyncio.sleep(0)
    slow.let.set()
    await deleting
    await cache.close()
    assert [await tier.get(KEY) for tier in (cache, quick, slow)] == [None] * 3
