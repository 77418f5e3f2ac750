import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from danmu_tts.adapters.availability import Availability
from tests.builders.logs import captured_logs

LONGEST_S = 1.0


@dataclass
class Store:
    """Answers probes as told; its pauses pass when the test says so."""

    answers: list[Exception | None] = field(default_factory=list)
    probes: int = 0
    pauses_s: list[float] = field(default_factory=list)
    _next: asyncio.Event = field(default_factory=asyncio.Event)

    async def probe(self) -> None:
        self.probes += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer

    async def sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        await self._next.wait()
        self._next.clear()

    async def pass_a_pause(self) -> None:
        """Let the pause end, and the probe after it be answered."""
        self._next.set()
        await settled()


async def settled() -> None:
    """Until every task that can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def watched(
    store: Store, *, probe: Callable[[], Awaitable[object]] | None = None, jitter: float = 1.0
) -> AsyncIterator[Availability]:
    availability = Availability(
        "store",
        probe or store.probe,
        first_pause_s=0.1,
        longest_pause_s=LONGEST_S,
        sleep=store.sleep,
        uniform=lambda low, high: low + (high - low) * jitter,
    )
    yield availability
    await availability.close()


async def test_it_is_up_and_not_probed_until_something_fails() -> None:
    store = Store()
    async with watched(store) as availability:
        await settled()
        assert availability.is_up
        assert (store.probes, store.pauses_s) == (0, [])


async def test_a_failure_means_away_until_a_probe_succeeds() -> None:
    store = Store([ConnectionError("no")])
    async with watched(store) as availability:
        availability.failed("connection refused")
        assert not availability.is_up
        await settled()
        await store.pass_a_pause()
        assert not availability.is_up
        await store.pass_a_pause()
        assert availability.is_up
        assert store.probes == 2


async def test_nothing_is_probed_once_it_is_back() -> None:
    store = Store()
    async with watched(store) as availability:
        availability.failed("timeout")
        await settled()
        for _ in range(5):
            await store.pass_a_pause()
        assert store.probes == 1


async def test_it_can_go_away_and_come_back_again_and_again() -> None:
    store = Store()
    async with watched(store) as availability:
        for round_number in range(1, 4):
            availability.failed("timeout")
            await settled()
            await store.pass_a_pause()
            assert availability.is_up
            assert store.probes == round_number
        assert store.pauses_s == [0.1] * 3


async def test_many_failures_at_once_are_watched_by_one_task() -> None:
    store = Store()
    async with watched(store) as availability:
        for _ in range(200):
            availability.failed("timeout")
            await asyncio.sleep(0)
        assert len(store.pauses_s) == 1
        await store.pass_a_pause()
        assert store.probes == 1


async def test_the_pauses_grow_to_the_longest() -> None:
    store = Store([ConnectionError() for _ in range(7)])
    async with watched(store) as availability:
        availability.failed("timeout")
        await settled()
        for _ in range(7):
            await store.pass_a_pause()
        assert store.pauses_s == pytest.approx([0.1, 0.2, 0.4, 0.8, LONGEST_S, LONGEST_S, LONGEST_S, LONGEST_S])


async def test_chance_shortens_a_pause_by_up_to_half() -> None:
    store = Store([ConnectionError()])
    async with watched(store, jitter=0.0) as availability:
        availability.failed("timeout")
        await settled()
        await store.pass_a_pause()
        assert store.pauses_s == pytest.approx([0.05, 0.1])


@pytest.mark.parametrize("strange", [asyncio.CancelledError(), SystemExit(1), ValueError("odd")], ids=repr)
async def test_a_probe_that_fails_strangely_is_followed_by_another(strange: BaseException) -> None:
    store = Store()

    async def probe() -> None:
        store.probes += 1
        if store.probes == 1:
            raise strange

    async with watched(store, probe=probe) as availability:
        availability.failed("timeout")
        await settled()
        await store.pass_a_pause()
        assert not availability.is_up
        await store.pass_a_pause()
        assert availability.is_up


async def test_a_probe_that_never_answers_is_given_up() -> None:
    """As after a freeze: the probe's time was over before the loop went on."""
    store = Store()

    async def probe() -> None:
        store.probes += 1
        if store.probes == 1:
            await asyncio.Event().wait()

    availability = Availability("store", probe, probe_limit_s=0, sleep=store.sleep)
    availability.failed("timeout")
    await settled()
    await store.pass_a_pause()
    assert not availability.is_up
    assert len(store.pauses_s) == 2
    await availability.close()


async def test_closing_ends_the_watch() -> None:
    store = Store()
    async with watched(store) as availability:
        availability.failed("timeout")
        await settled()
    assert len(asyncio.all_tasks()) == 1
    assert store.probes == 0


async def test_what_fails_after_closing_stays_away_unwatched() -> None:
    store = Store()
    async with watched(store) as availability:
        pass
    availability.failed("timeout")
    assert not availability.is_up
    assert len(asyncio.all_tasks()) == 1


async def test_going_and_coming_back_are_logged_once_each() -> None:
    store = Store([ConnectionError() for _ in range(3)])
    with captured_logs() as records:
        async with watched(store) as availability:
            for _ in range(3):
                availability.failed("connection refused")
            await settled()
            for _ in range(4):
                await store.pass_a_pause()
    told = [(record.levelno, record.getMessage()) for record in records if record.levelno > logging.DEBUG]
    assert told == [(logging.WARNING, "a store is away"), (logging.INFO, "a store is back")]
    assert {vars(record)["store"] for record in records} == {"store"}


async def test_a_failure_that_somebody_must_mend_is_logged_as_an_error() -> None:
    with captured_logs() as records:
        async with watched(Store()) as availability:
            availability.failed("access denied", level=logging.ERROR)
    assert [record.levelno for record in records] == [logging.ERROR]
    assert vars(records[0])["reason"] == "access denied"
