"""What every cache promises, whichever tier it is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from danmu_tts.adapters.cache.files import FileCache
from danmu_tts.adapters.cache.memory import MemoryCache
from danmu_tts.adapters.cache.tiered import TieredCache
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.ports import CacheHit, Refusal, SpeechCache
from danmu_tts.ports.cache import ErasableCache
from tests.builders.caches import a_hit
from tests.builders.clock import FakeClock
from tests.builders.s3 import an_s3_cache
from tests.builders.speech import KEY, a_key, a_speech

MAX_BYTES = 10_000
TTL_S = 60


@dataclass(frozen=True)
class Tiers:
    """A cache under test, the clock that it reads, and its size (0: no limit)."""

    cache: SpeechCache
    clock: FakeClock
    max_bytes: int = MAX_BYTES


def _memory(directory: Path, clock: FakeClock) -> SpeechCache:
    return MemoryCache(MAX_BYTES, TTL_S, clock)


def _files(directory: Path, clock: FakeClock) -> SpeechCache:
    return FileCache(directory, MAX_BYTES, TTL_S, clock)


def _tiered(directory: Path, clock: FakeClock) -> SpeechCache:
    return TieredCache([_memory(directory, clock), _files(directory, clock)])


LOCAL: dict[str, Callable[[Path, FakeClock], SpeechCache]] = {"memory": _memory, "file": _files, "tiered": _tiered}

# S3 has no size, and an entry there lives from its first write: every process would have made the same.
on_this_machine = pytest.mark.parametrize("tiers", LOCAL, indirect=True)


@pytest.fixture(params=[*LOCAL, "s3"])
async def tiers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Tiers]:
    clock = FakeClock()
    if request.param in LOCAL:
        yield Tiers(LOCAL[request.param](tmp_path, clock), clock)
        return
    server = request.getfixturevalue("s3")
    async with an_s3_cache(server, clock, ttl_s=TTL_S, max_entry_bytes=MAX_BYTES) as cache:
        yield Tiers(cache, clock, max_bytes=0)


def tiers_of(cache: SpeechCache) -> set[str]:
    return {"memory", "file"} if cache.name == "tiered" else {cache.name}


async def entries_of(cache: SpeechCache) -> int:
    return max(tier["entries"] for tier in (await cache.stats()).values())


@pytest.mark.parametrize("audio_format", AudioFormat)
async def test_gives_back_every_field(tiers: Tiers, audio_format: AudioFormat) -> None:
    speech = a_speech(bytes(range(256)), audio_format=audio_format)
    assert await tiers.cache.set(KEY, speech)
    hit = await a_hit(tiers.cache, KEY)
    assert hit.speech == speech
    assert hit.tier in tiers_of(tiers.cache)


async def test_speech_without_captions_comes_back_without(tiers: Tiers) -> None:
    speech = replace(a_speech(), captions=())
    await tiers.cache.set(KEY, speech)
    assert (await a_hit(tiers.cache, KEY)).speech == speech


async def test_an_unknown_key_is_a_miss(tiers: Tiers) -> None:
    await tiers.cache.set(KEY, a_speech())
    assert await tiers.cache.get(a_key(1)) is None


@on_this_machine
async def test_the_last_write_is_what_is_read(tiers: Tiers) -> None:
    await tiers.cache.set(KEY, a_speech(b"old"))
    await tiers.cache.set(KEY, a_speech(b"newer"))
    hit = await a_hit(tiers.cache, KEY)
    assert hit.speech.audio == b"newer"
    assert await entries_of(tiers.cache) == 1


async def test_an_entry_is_there_until_it_expires(tiers: Tiers) -> None:
    await tiers.cache.set(KEY, a_speech())
    tiers.clock.advance(TTL_S - 1)
    assert await tiers.cache.get(KEY)
    tiers.clock.advance(2)
    assert await tiers.cache.get(KEY) is None
    assert await entries_of(tiers.cache) == 0


@on_this_machine
async def test_storing_again_starts_the_time_again(tiers: Tiers) -> None:
    await tiers.cache.set(KEY, a_speech())
    tiers.clock.advance(TTL_S - 1)
    await tiers.cache.set(KEY, a_speech())
    tiers.clock.advance(TTL_S - 1)
    assert await tiers.cache.get(KEY)


async def test_what_is_larger_than_the_tier_is_refused(tiers: Tiers) -> None:
    assert not await tiers.cache.set(KEY, a_speech(bytes(MAX_BYTES + 1)))
    assert await tiers.cache.get(KEY) is None


@on_this_machine
async def test_is_never_fuller_than_it_may_be(tiers: Tiers) -> None:
    for number in range(12):
        await tiers.cache.set(a_key(number), a_speech(bytes(2500)))
    for tier in (await tiers.cache.stats()).values():
        assert 0 < tier["bytes"] <= tier["max_bytes"] == MAX_BYTES
    assert await tiers.cache.get(a_key(11))
    assert await tiers.cache.get(a_key(0)) is None


@on_this_machine
async def test_what_was_just_used_outlives_what_was_not(tiers: Tiers) -> None:
    for number in range(2):
        await tiers.cache.set(a_key(number), a_speech(bytes(3500)))
    await tiers.cache.get(a_key(0))
    await tiers.cache.set(a_key(2), a_speech(bytes(3500)))
    assert await tiers.cache.get(a_key(0))
    assert await tiers.cache.get(a_key(2))


async def test_stats_name_each_tier_with_what_it_holds(tiers: Tiers) -> None:
    await tiers.cache.set(a_key(1), a_speech(bytes(100)))
    await tiers.cache.set(a_key(2), a_speech(bytes(200)))
    stats = await tiers.cache.stats()
    assert stats.keys() == tiers_of(tiers.cache)
    for tier in stats.values():
        assert tier.keys() == {"entries", "bytes", "max_bytes"}
        assert tier["entries"] == 2
        assert tier["bytes"] >= 300


async def test_an_empty_cache_has_stats(tiers: Tiers) -> None:
    for tier in (await tiers.cache.stats()).values():
        assert tier == {"entries": 0, "bytes": 0, "max_bytes": tiers.max_bytes}


async def test_many_may_read_and_write_one_key_at_once(tiers: Tiers) -> None:
    speech = a_speech(bytes(500))

    async def write() -> None:
        assert await tiers.cache.set(KEY, speech)

    async def read() -> CacheHit | Refusal | None:
        return await tiers.cache.get(KEY)

    writes = [write() for _ in range(20)]
    hits = await asyncio.gather(*(read() for _ in range(20)), *writes, *(read() for _ in range(20)))
    assert all(hit.speech == speech for hit in hits if isinstance(hit, CacheHit))
    assert (await a_hit(tiers.cache, KEY)).speech == speech
    assert await entries_of(tiers.cache) == 1


async def test_what_is_deleted_is_gone_and_the_rest_stays(tiers: Tiers) -> None:
    assert isinstance(tiers.cache, ErasableCache)
    await tiers.cache.set(KEY, a_speech())
    await tiers.cache.set(a_key(1), a_speech(b"other" * 20))
    for _ in range(2):
        await tiers.cache.delete(KEY)
        assert await tiers.cache.get(KEY) is None
        assert await entries_of(tiers.cache) == 1
    assert await tiers.cache.get(a_key(1))
    assert await tiers.cache.set(KEY, a_speech(b"again" * 20))
    assert (await a_hit(tiers.cache, KEY)).speech.audio == b"again" * 20


@pytest.mark.parametrize("key", ["", "../../x", "3f*", KEY.upper()])
async def test_what_is_no_key_deletes_nothing(tiers: Tiers, key: str) -> None:
    assert isinstance(tiers.cache, ErasableCache)
    await tiers.cache.set(KEY, a_speech())
    await tiers.cache.delete(key)
    assert await tiers.cache.get(KEY)
