import os
from pathlib import Path

import pytest

from danmu_tts.adapters.cache.files import FileCache
from tests.builders.clock import FakeClock
from tests.builders.speech import a_key, a_speech

LONG_AGO_NS = 10**18
STILL_BEING_WRITTEN_S, ABANDONED_S = 600, 601


def cache_in(directory: Path, max_bytes: int = 1000) -> FileCache:
    return FileCache(directory, max_bytes, ttl_s=60, clock=FakeClock())


def age(directory: Path, *keys: str) -> None:
    """Make these used long ago, the first longest."""
    for order, key in enumerate(keys):
        (path,) = (directory / "metadata").rglob(f"{key}.json")
        os.utime(path, ns=(LONG_AGO_NS + order, LONG_AGO_NS + order))


def age_everything(directory: Path) -> None:
    for path in directory.rglob("*.*"):
        os.utime(path, (0, 0))


async def kept(cache: FileCache, *keys: str) -> list[bool]:
    return [await cache.get(key) is not None for key in keys]


async def test_what_goes_is_gone_from_the_disk(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    for number in range(4):
        await cache.set(a_key(number), a_speech(bytes(400)))
    assert len(list((tmp_path / "audio").rglob("*.mp3"))) == 2
    assert len(list((tmp_path / "metadata").rglob("*.json"))) == 2


async def test_a_large_entry_makes_room_by_as_many_as_it_needs(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    for number in range(4):
        await cache.set(a_key(number), a_speech(bytes(250)))
    await cache.set(a_key(9), a_speech(bytes(700)))
    assert await kept(cache, *map(a_key, range(4)), a_key(9)) == [False, False, False, True, True]


async def test_the_order_of_use_outlives_a_restart(tmp_path: Path) -> None:
    first = cache_in(tmp_path)
    keys = [a_key(number) for number in (3, 1, 2)]
    for key in keys:
        await first.set(key, a_speech(bytes(300)))
    age(tmp_path, *keys)
    await first.get(keys[0])
    restarted = cache_in(tmp_path)
    await restarted.set(a_key(9), a_speech(bytes(300)))
    assert await kept(restarted, *keys, a_key(9)) == [True, False, True, True]


async def test_entries_of_an_earlier_process_are_counted(tmp_path: Path) -> None:
    await cache_in(tmp_path).set(a_key(1), a_speech(bytes(300)))
    assert (await cache_in(tmp_path).stats())["file"] == {"entries": 1, "bytes": 300, "max_bytes": 1000}


async def test_a_tier_made_smaller_shrinks_with_the_next_entry(tmp_path: Path) -> None:
    first = cache_in(tmp_path)
    keys = [a_key(number) for number in range(3)]
    for key in keys:
        await first.set(key, a_speech(bytes(300)))
    age(tmp_path, *keys)
    smaller = cache_in(tmp_path, max_bytes=500)
    await smaller.set(a_key(9), a_speech(bytes(200)))
    assert await kept(smaller, *keys, a_key(9)) == [False, False, True, True]


@pytest.mark.parametrize("name", [f"audio/fake/00/{a_key(1)}.mp3", "temp/half.part"])
@pytest.mark.parametrize(("age_s", "stays"), [(STILL_BEING_WRITTEN_S, True), (ABANDONED_S, False)])
async def test_a_start_sweeps_what_a_dead_process_left_and_not_what_another_is_writing(
    tmp_path: Path, name: str, age_s: float, stays: bool
) -> None:
    clock, half = FakeClock(), tmp_path / name
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half an entry")
    os.utime(half, (clock() - age_s, clock() - age_s))
    stats = await FileCache(tmp_path, 1000, ttl_s=60, clock=clock).stats()
    assert (half.exists(), stats["file"]["entries"]) == (stays, 0)


async def test_an_old_entry_that_is_whole_is_not_swept(tmp_path: Path) -> None:
    await cache_in(tmp_path).set(a_key(1), a_speech())
    age_everything(tmp_path)
    restarted = cache_in(tmp_path)
    await restarted.stats()
    assert await kept(restarted, a_key(1)) == [True]


async def test_overwriting_counts_the_new_size_only(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    for size in (900, 100, 500):
        await cache.set(a_key(1), a_speech(bytes(size)))
    assert (await cache.stats())["file"]["bytes"] == 500
