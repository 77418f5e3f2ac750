"""The Redis tier, and refusals in every tier that keeps such, on every flavour of Redis."""

import asyncio
from collections.abc import Callable

import pytest

from danmu_tts.adapters.cache.memory import MemoryCache
from danmu_tts.adapters.cache.redis import RedisCache
from danmu_tts.adapters.cache.tiered import TieredCache
from danmu_tts.adapters.circuits.redis import RedisCircuitBoard
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.ports import CacheHit, Refusal, RefusalCache
from danmu_tts.ports.cache import ErasableCache
from tests.builders.caches import a_hit
from tests.builders.speech import KEY, a_key, a_speech

REFUSAL = Refusal("bad_input", "it will not say that: «粗口»")


def a_tier(redis: RedisClient) -> RedisCache:
    return RedisCache(redis, ttl_s=60, max_entry_bytes=10_000, refusal_ttl_s=30)


@pytest.mark.parametrize("audio_format", AudioFormat)
async def test_gives_back_every_field_in_any_process(redis: RedisClient, audio_format: AudioFormat) -> None:
    speech = a_speech(bytes(range(256)) * 4, audio_format=audio_format)
    assert await a_tier(redis).set(KEY, speech)
    assert await a_hit(a_tier(redis), KEY) == CacheHit(speech, "redis")
    assert await a_tier(redis).get(a_key(1)) is None


async def test_audio_of_any_bytes_is_kept_as_it_is(redis: RedisClient) -> None:
    for audio in (b"\n", b"{}\n{}", b"\r\n\x00", b"\n" * 100):
        await a_tier(redis).set(KEY, a_speech(audio))
        assert (await a_hit(a_tier(redis), KEY)).speech.audio == audio


async def test_what_is_too_large_is_left_to_the_next_tier(redis: RedisClient) -> None:
    assert not await a_tier(redis).set(KEY, a_speech(bytes(10_001)))
    assert await a_tier(redis).get(KEY) is None


async def test_every_entry_ends(redis: RedisClient) -> None:
    await a_tier(redis).set(KEY, a_speech())
    await a_tier(redis).refuse(a_key(1), REFUSAL)
    assert 55_000 < await redis.run("PTTL", redis.key("audio", KEY)) <= 60_000
    assert 25_000 < await redis.run("PTTL", redis.key("audio", a_key(1))) <= 30_000


@pytest.mark.parametrize("value", [b"", b"\n", b"garbage", b"{}\naudio", b'{"format": "mp3"}\naudio', b"\xff\n"])
async def test_what_somebody_else_put_there_is_a_miss(redis: RedisClient, value: bytes) -> None:
    await redis.run("SET", redis.key("audio", KEY), value)
    assert await a_tier(redis).get(KEY) is None


async def test_many_read_and_write_at_once(redis: RedisClient) -> None:
    speech = a_speech(bytes(5000))
    assert all(await asyncio.gather(*(a_tier(redis).set(a_key(n), speech) for n in range(100))))
    hits = await asyncio.gather(*(a_tier(redis).get(a_key(n)) for n in range(100)))
    assert hits == [CacheHit(speech, "redis")] * 100


@pytest.fixture(params=["memory", "redis", "tiered"])
def refusals(request: pytest.FixtureRequest, redis: RedisClient) -> RefusalCache:
    build: dict[str, Callable[[], RefusalCache]] = {
        "memory": lambda: MemoryCache(10_000, 60),
        "redis": lambda: a_tier(redis),
        "tiered": lambda: TieredCache([MemoryCache(10_000, 60), a_tier(redis)]),
    }
    return build[request.param]()


async def test_a_refusal_is_remembered(refusals: RefusalCache) -> None:
    assert await refusals.get(KEY) is None
    await refusals.refuse(KEY, REFUSAL)
    assert await refusals.get(KEY) == REFUSAL


async def test_audio_goes_before_a_refusal(refusals: RefusalCache) -> None:
    await refusals.set(KEY, a_speech())
    await refusals.refuse(KEY, REFUSAL)
    assert (await a_hit(refusals, KEY)).speech == a_speech()
    await refusals.refuse(a_key(1), REFUSAL)
    await refusals.set(a_key(1), a_speech())
    assert (await a_hit(refusals, a_key(1))).speech == a_speech()


async def test_a_refusal_met_by_one_process_is_known_to_the_others(redis: RedisClient) -> None:
    first, second = (TieredCache([MemoryCache(10_000, 60), a_tier(redis)]) for _ in range(2))
    await first.refuse(KEY, REFUSAL)
    assert await second.get(KEY) == REFUSAL


async def test_an_open_circuit_is_told_until_it_ends(redis: RedisClient) -> None:
    board = RedisCircuitBoard(redis)
    assert await board.read(["azure", "edge"]) == {}
    await board.post("azure", 30.0)
    left_s = (await RedisCircuitBoard(redis).read(["edge", "azure"]))["azure"]
    assert 25 < left_s <= 30


async def test_what_is_deleted_is_gone_for_all(redis: RedisClient) -> None:
    await a_tier(redis).set(KEY, a_speech())
    await a_tier(redis).set(a_key(1), a_speech())
    for _ in range(2):
        await a_tier(redis).delete(KEY)
        assert await a_tier(redis).get(KEY) is None
    assert await a_tier(redis).get(a_key(1))


async def test_a_refusal_is_deleted_too(refusals: RefusalCache) -> None:
    assert isinstance(refusals, ErasableCache)
    await refusals.refuse(KEY, REFUSAL)
    await refusals.delete(KEY)
    assert await refusals.get(KEY) is None
