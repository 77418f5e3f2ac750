from pathlib import Path

import pytest

from danmu_tts.adapters.cache.files import FileCache
from danmu_tts.adapters.cache.memory import MemoryCache
from danmu_tts.adapters.cache.tiered import TieredCache
from danmu_tts.ports import CacheHit
from tests.builders.clock import FakeClock
from tests.builders.speech import KEY, a_speech


def memory(max_bytes: int = 10_000, clock: FakeClock | None = None) -> MemoryCache:
    return MemoryCache(max_bytes, ttl_s=60, clock=clock or FakeClock())


def files(directory: Path, max_bytes: int = 10_000) -> FileCache:
    return FileCache(directory, max_bytes, ttl_s=600, clock=FakeClock())


async def tier_of(cache: TieredCache) -> str | None:
    hit = await cache.get(KEY)
    return hit.tier if isinstance(hit, CacheHit) else None


async def test_the_nearest_tier_answers(tmp_path: Path) -> None:
    cache = TieredCache([memory(), files(tmp_path)])
    await cache.set(KEY, a_speech())
    assert await tier_of(cache) == "memory"


async def test_a_hit_is_promoted_to_the_nearer_tiers(tmp_path: Path) -> None:
    far = files(tmp_path)
    await far.set(KEY, a_speech())
    cache = TieredCache([memory(), far])
    assert await tier_of(cache) == "file"
    assert await tier_of(cache) == "memory"


async def test_what_the_near_tier_forgot_is_still_found_far(tmp_path: Path) -> None:
    clock = FakeClock()
    cache = TieredCache([memory(clock=clock), files(tmp_path)])
    await cache.set(KEY, a_speech())
    clock.advance(61)
    assert await tier_of(cache) == "file"


async def test_a_near_hit_does_not_need_the_far_tier(tmp_path: Path) -> None:
    near, far = memory(), files(tmp_path)
    await near.set(KEY, a_speech())
    assert await tier_of(TieredCache([near, far])) == "memory"
    assert await far.get(KEY) is None


@pytest.mark.parametrize(("near_bytes", "far_bytes", "tier"), [(10, 10_000, "file"), (10_000, 10, "memory")])
async def test_a_tier_that_cannot_store_does_not_stop_the_others(
    tmp_path: Path, near_bytes: int, far_bytes: int, tier: str
) -> None:
    cache = TieredCache([memory(near_bytes), files(tmp_path, far_bytes)])
    assert await cache.set(KEY, a_speech())
    assert await tier_of(cache) == tier


async def test_fails_only_where_no_tier_can_store(tmp_path: Path) -> None:
    assert not await TieredCache([memory(10), files(tmp_path, 10)]).set(KEY, a_speech())
