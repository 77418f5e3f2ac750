from danmu_tts.adapters.cache.memory import MemoryCache
from tests.builders.clock import FakeClock
from tests.builders.speech import KEY, a_key, a_speech


async def test_an_expired_entry_is_not_counted() -> None:
    clock = FakeClock()
    cache = MemoryCache(100_000, ttl_s=60, clock=clock)
    await cache.set(a_key(1), a_speech())
    clock.advance(61)
    assert (await cache.stats())["memory"]["entries"] == 0


async def test_many_tiny_entries_are_bounded_by_what_they_really_cost() -> None:
    cache = MemoryCache(10_000, ttl_s=60, clock=FakeClock())
    for number in range(100):
        await cache.set(a_key(number), a_speech(b"x"))
    assert (await cache.stats())["memory"]["entries"] < 10


async def test_a_tier_of_no_size_keeps_nothing() -> None:
    cache = MemoryCache(0, ttl_s=60, clock=FakeClock())
    assert not await cache.set(KEY, a_speech())
    assert await cache.get(KEY) is None


async def test_the_least_recently_used_goes_first() -> None:
    cache = MemoryCache(10_000, ttl_s=60, clock=FakeClock())
    await cache.set(a_key(0), a_speech(bytes(3500)))
    await cache.set(a_key(1), a_speech(bytes(3500)))
    await cache.get(a_key(0))
    await cache.set(a_key(2), a_speech(bytes(3500)))
    assert [bool(await cache.get(a_key(number))) for number in range(3)] == [True, False, True]
