"""A cache tier of anybody's: whatever it does is a miss."""

import asyncio
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.adapters.cache.memory import MemoryCache
from danmu_tts.adapters.cache.tiered import TieredCache
from danmu_tts.domain.speech import SpeechRequest
from danmu_tts.ports import CacheHit
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs
from tests.builders.speak_bench import speak_bench
from tests.builders.speech import KEY, a_speech
from tests.unit.services.watched import settle, skip_ahead

LIMIT_S = 2.0


def plain(*_: object) -> Any:
    raise ValueError("not even a coroutine")


async def raising(*_: object) -> Any:
    raise ValueError("boom")


def exiting(*_: object) -> Any:
    sys.exit(1)


async def hanging(*_: object) -> Any:
    await asyncio.Event().wait()


def answering(answer: object) -> Callable[..., Any]:
    async def answers(*_: object) -> Any:
        return answer

    return answers


class Foreign:
    """A tier that does what a test says."""

    name = "foreign"

    def __init__(self, **steps: Callable[..., Any]) -> None:
        found: dict[str, Callable[..., Any]] = {"get": answering(None), "set": answering(True), "stats": answering({})}
        self._steps = found | steps

    def get(self, key: str) -> Any:
        return self._steps["get"](key)

    def set(self, key: str, speech: object) -> Any:
        return self._steps["set"](key, speech)

    def stats(self) -> Any:
        return self._steps["stats"]()


def hit(speech: Any) -> CacheHit:
    return CacheHit(speech, "foreign")


def memory() -> MemoryCache:
    return MemoryCache(10_000, ttl_s=60, clock=FakeClock())


async def tier_of(cache: TieredCache) -> str | None:
    found = await cache.get(KEY)
    return found.tier if isinstance(found, CacheHit) else None


@pytest.mark.parametrize("answer", ["abc", b"sound", 7, True, hit("garbage"), hit(None), (a_speech(), "x")])
async def test_what_is_no_hit_is_a_miss_and_the_next_tier_is_asked(answer: object) -> None:
    behind = memory()
    await behind.set(KEY, a_speech())
    assert await tier_of(TieredCache([Foreign(get=answering(answer)), behind])) == "memory"


@pytest.mark.parametrize("step", [plain, raising, exiting])
async def test_a_tier_that_breaks_is_a_miss_is_logged_and_the_others_go_on(step: Callable[..., Any]) -> None:
    cache = TieredCache([Foreign(get=step, set=step, stats=step), memory()])
    with captured_logs() as records:
        assert await cache.set(KEY, a_speech())
        assert await tier_of(cache) == "memory"
        assert list(await cache.stats()) == ["memory"]
    assert {(record.levelno, vars(record)["tier"]) for record in records} == {(logging.ERROR, "foreign")}


@pytest.mark.parametrize("step", [plain, raising, exiting])
async def test_a_hit_is_given_where_it_cannot_be_promoted(step: Callable[..., Any]) -> None:
    behind = memory()
    await behind.set(KEY, a_speech())
    assert await tier_of(TieredCache([Foreign(set=step), behind])) == "memory"


async def test_a_tier_that_hangs_is_left_after_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    behind = memory()
    await behind.set(KEY, a_speech())
    asked = asyncio.create_task(tier_of(TieredCache([Foreign(get=hanging), behind])))
    kept = asyncio.create_task(TieredCache([Foreign(set=hanging), memory()]).set(KEY, a_speech()))
    counted = asyncio.create_task(TieredCache([Foreign(stats=hanging), memory()]).stats())
    tasks: list[asyncio.Task[Any]] = [asked, kept, counted]
    await skip_ahead(monkeypatch, LIMIT_S - 0.1)
    assert not any(task.done() for task in tasks)
    await skip_ahead(monkeypatch, 0.1)
    assert all(task.done() for task in tasks)
    assert (asked.result(), kept.result(), list(counted.result())) == ("memory", True, ["memory"])


@pytest.mark.parametrize("figures", [None, 7, "many", [("foreign", {})], {"foreign": None}, {"foreign": 7}])
async def test_what_are_no_figures_is_left_out(figures: object) -> None:
    assert list(await TieredCache([Foreign(stats=answering(figures)), memory()]).stats()) == ["memory"]


async def test_a_cancellation_of_the_caller_is_not_taken_for_the_tiers() -> None:
    call = asyncio.create_task(TieredCache([Foreign(get=hanging), memory()]).get(KEY))
    await settle()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize(
    "tier",
    [
        Foreign(get=answering("abc")),
        Foreign(get=plain),
        Foreign(set=plain),
        Foreign(get=exiting, set=exiting),
        Foreign(set=answering(None)),
    ],
)
async def test_a_service_speaks_whatever_its_cache_does(tmp_path: Path, tier: Foreign) -> None:
    bench = speak_bench(FakeBackend(), directory=tmp_path, cache=TieredCache([tier]))
    assert (await bench.service.speak(SpeechRequest("你好"))).encoded.backend == "fake"


@pytest.mark.parametrize(("deadline_ms", "waits_s"), [(28_000, LIMIT_S), (1500, 1.4)])
async def test_finished_audio_is_given_in_time_though_no_place_takes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, deadline_ms: int, waits_s: float
) -> None:
    keeping = asyncio.Event()

    async def hang(*_: object) -> Any:
        keeping.set()
        await asyncio.Event().wait()

    bench = speak_bench(FakeBackend(), directory=tmp_path, cache=TieredCache([Foreign(set=hang)]))
    call = asyncio.create_task(bench.service.speak(SpeechRequest("你好", deadline_ms=deadline_ms)))
    await keeping.wait()
    await skip_ahead(monkeypatch, waits_s)
    assert call.done()
    assert call.result().encoded.backend == "fake"
