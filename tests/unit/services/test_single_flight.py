"""One synthesis for a key, in two processes that share a store: here two instances over the embedded one."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from danmu_tts.adapters.cache.memory import MemoryCache
from danmu_tts.adapters.flights.redis import RedisFlights
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.errors import (
    BackendLateError,
    BackendRefusedError,
    BackendServerError,
    BudgetExhaustedError,
    NothingToSayError,
)
from danmu_tts.ports import CacheHit, Flight, Refusal
from danmu_tts.services.maker import Made
from danmu_tts.services.single_flight import SingleFlight
from tests.builders.patient import patient_redis
from tests.builders.speech import KEY, a_speech
from tests.builders.until import until

LONG_S = 30.0
MEGABYTE = 1024 * 1024


class SlowToRefuse(MemoryCache):
    """Keeps refusals only when it is let."""

    def __init__(self) -> None:
        super().__init__(MEGABYTE, 3600, refusal_ttl_s=60)
        self.let = asyncio.Event()
        self.let.set()
        self.refusing = asyncio.Event()

    async def refuse(self, key: str, refusal: Refusal) -> None:
        self.refusing.set()
        await self.let.wait()
        await super().refuse(key, refusal)


@dataclass
class Maker:
    """Makes audio when it is let, or fails."""

    fails_with: Exception | None = None
    let: asyncio.Event = field(default_factory=asyncio.Event)
    calls: int = 0
    broken_off: int = 0
    lingers: asyncio.Event | None = None

    async def __call__(self, left_s: float) -> Made:
        self.calls += 1
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.broken_off += 1
            if self.lingers:
                await self.lingers.wait()
            raise
        if self.fails_with:
            raise self.fails_with
        return Made(a_speech(), 0.0)

    async def was_called(self, times: int = 1) -> None:
        await until(lambda: self.calls >= times)


@dataclass
class Shared:
    """The store of all processes."""

    redis: RedisClient
    cache: SlowToRefuse

    def process(self) -> SingleFlight:
        return SingleFlight(self.cache, RedisFlights(self.redis), time.perf_counter)

    async def is_free(self) -> bool:
        return not await self.redis.run("EXISTS", self.redis.key("flight", "{" + KEY + "}"))

    async def lead(self) -> Flight:
        """As a process that is not seen here."""
        flight = await RedisFlights(self.redis).enter(KEY)
        assert flight.leads
        return flight


@pytest.fixture
async def shared() -> AsyncIterator[Shared]:
    redis = RedisClient(patient_redis())
    yield Shared(redis, SlowToRefuse())
    await redis.close()


def ask(process: SingleFlight, maker: Maker, budget_s: float = LONG_S) -> "asyncio.Task[Made | CacheHit]":
    return asyncio.create_task(process.make(KEY, budget_s, maker))


async def turns(number: int = 20) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def until_free(shared: Shared) -> None:
    """Sooner than any lease ends."""
    async with asyncio.timeout(1):
        while not await shared.is_free():  # noqa: ASYNC110 - it happens in the store
            await asyncio.sleep(0.001)


async def test_ten_askers_in_each_of_two_processes_cause_one_synthesis(shared: Shared) -> None:
    maker = Maker()
    processes = [shared.process(), shared.process()]
    asking = [ask(process, maker) for process in processes for _ in range(10)]
    await maker.was_called()
    await turns()
    maker.let.set()
    answers = await asyncio.gather(*asking)
    assert maker.calls == 1
    assert sum(isinstance(each, Made) for each in answers) == 1
    assert {each.tier for each in answers if isinstance(each, CacheHit)} == {"flight"}
    assert await shared.is_free()


async def test_the_first_asker_may_leave_while_others_wait(shared: Shared) -> None:
    maker, process = Maker(), shared.process()
    first, second = ask(process, maker), ask(process, maker)
    await maker.was_called()
    first.cancel()
    await asyncio.wait([first])
    assert (first.cancelled(), maker.broken_off) == (True, 0)
    maker.let.set()
    assert isinstance(await second, CacheHit)
    assert maker.calls == 1


async def test_an_asker_may_leave_while_he_waits(shared: Shared) -> None:
    maker, process = Maker(), shared.process()
    first, second = ask(process, maker), ask(process, maker)
    await maker.was_called()
    second.cancel()
    await asyncio.wait([second])
    maker.let.set()
    assert isinstance(await first, Made)


async def test_when_all_have_left_the_synthesis_is_broken_off_and_the_key_free_at_once(shared: Shared) -> None:
    maker, process = Maker(), shared.process()
    asking = [ask(process, maker) for _ in range(3)]
    await maker.was_called()
    for each in asking:
        each.cancel()
    await asyncio.wait(asking)
    await until(lambda: maker.broken_off == 1)
    await until_free(shared)


async def test_who_asks_while_it_is_being_broken_off_has_it_made_anew(shared: Shared) -> None:
    process = shared.process()
    left = Maker(lingers=asyncio.Event())
    leaving = ask(process, left)
    await left.was_called()
    leaving.cancel()
    await asyncio.wait([leaving])
    maker = Maker()
    maker.let.set()
    asking = ask(process, maker)
    await turns()
    assert left.lingers is not None
    left.lingers.set()
    assert isinstance(await asking, Made)


async def test_who_leaves_while_a_refusal_is_being_kept_lets_the_key_go(shared: Shared) -> None:
    maker = Maker(BackendRefusedError("no"))
    shared.cache.let.clear()
    maker.let.set()
    leaving = ask(shared.process(), maker)
    await shared.cache.refusing.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    shared.cache.let.set()
    await until_free(shared)


@pytest.mark.parametrize("number", range(12))
async def test_who_leaves_at_any_moment_before_it_is_made_lets_the_key_go(shared: Shared, number: int) -> None:
    process, maker = shared.process(), Maker()
    leaving = ask(process, maker)
    await turns(number)
    leaving.cancel()
    await asyncio.wait([leaving])
    await until_free(shared)
    await turns()
    assert await shared.is_free()


async def test_who_may_not_wait_as_long_as_it_takes_gives_up_alone(shared: Shared) -> None:
    maker, process = Maker(), shared.process()
    patient = ask(process, maker)
    await maker.was_called()
    hasty_here, hasty_there = ask(process, maker, 0.05), ask(shared.process(), maker, 0.05)
    for hasty in (hasty_here, hasty_there):
        with pytest.raises(BackendLateError):
            await hasty
    maker.let.set()
    assert isinstance(await patient, Made)
    assert maker.calls == 1


async def test_a_failure_that_everybody_would_meet_is_everybodys(shared: Shared) -> None:
    maker = Maker(BackendServerError("broken"))
    asking = [ask(process, maker) for process in (shared.process(), shared.process()) for _ in range(2)]
    await maker.was_called()
    await turns()
    maker.let.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(each) for each in outcomes} == {BackendServerError}
    assert maker.calls == 1


async def test_a_failure_that_was_the_first_askers_own_lets_the_others_try(shared: Shared) -> None:
    poor, rich, process = Maker(BudgetExhaustedError("spent")), Maker(), shared.process()
    rich.let.set()
    first = ask(process, poor)
    await poor.was_called()
    here, there = ask(process, rich), ask(shared.process(), rich)
    await turns()
    poor.let.set()
    with pytest.raises(BudgetExhaustedError):
        await first
    assert isinstance(await here, Made | CacheHit)
    assert isinstance(await there, Made | CacheHit)
    assert rich.calls == 1


async def test_a_refused_text_is_tried_once_and_refused_from_the_cache_afterwards(shared: Shared) -> None:
    maker = Maker(BackendRefusedError("this will not be said"))
    asking = [ask(process, maker) for process in (shared.process(), shared.process())]
    await maker.was_called()
    await turns()
    maker.let.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert {(type(each), str(each)) for each in outcomes} == {(BackendRefusedError, "this will not be said")}
    with pytest.raises(BackendRefusedError):
        await shared.process().find(KEY)
    with pytest.raises(BackendRefusedError):
        await ask(shared.process(), maker)
    assert maker.calls == 1
    await until_free(shared)


async def test_what_is_no_backends_failure_lets_the_key_go(shared: Shared) -> None:
    maker = Maker(NothingToSayError("nothing"))
    maker.let.set()
    with pytest.raises(NothingToSayError):
        await ask(shared.process(), maker)
    await until_free(shared)


async def test_audio_that_landed_just_before_is_found_and_not_made(shared: Shared) -> None:
    await shared.cache.set(KEY, a_speech())
    maker = Maker()
    answer = await ask(shared.process(), maker)
    assert isinstance(answer, CacheHit)
    assert maker.calls == 0
    await until_free(shared)


async def test_audio_that_its_maker_could_not_keep_is_made_again(shared: Shared) -> None:
    leader, maker = await shared.lead(), Maker()
    maker.let.set()
    asking = ask(shared.process(), maker)
    await turns()
    await leader.land(b"done")
    assert isinstance(await asking, Made)
