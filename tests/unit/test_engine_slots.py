import asyncio
import threading
from collections.abc import Iterator

import pytest

from danmu_tts.engine_slots import EngineSlots

HIGH, NORMAL, LOW = 0, 1, 2
LIMIT_S = 10


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(10):
        await asyncio.sleep(0)


class Desk:
    """Utterances that hold a slot until they are told to leave."""

    def __init__(self, slots: EngineSlots) -> None:
        self.slots = slots
        self.served: list[str] = []
        self.leave: dict[str, asyncio.Event] = {}

    async def come(self, name: str, priority: int = NORMAL) -> asyncio.Task[None]:
        self.leave[name] = asyncio.Event()
        task = asyncio.create_task(self._visit(name, priority))
        await settle()
        return task

    async def go(self, *names: str) -> None:
        for name in names:
            self.leave[name].set()
            await settle()

    async def _visit(self, name: str, priority: int) -> None:
        async with self.slots.slot(priority):
            self.served.append(name)
            await self.leave[name].wait()


@pytest.fixture
def blocked() -> Iterator[threading.Event]:
    """Holds blocking work until set; set at the end whatever happens."""
    event = threading.Event()
    yield event
    event.set()


async def test_the_urgent_go_first_and_equals_in_order_of_arrival() -> None:
    desk = Desk(EngineSlots(1))
    await desk.come("running", LOW)
    for name, priority in [("low", LOW), ("first", NORMAL), ("second", NORMAL), ("urgent", HIGH)]:
        await desk.come(name, priority)
    assert desk.slots.waiting == 4
    await desk.go("running", "urgent", "first", "second", "low")
    assert desk.served == ["running", "urgent", "first", "second", "low"]
    assert desk.slots.waiting == 0


async def test_there_are_never_more_than_slots() -> None:
    slots, active, most = EngineSlots(3), 0, 0

    async def work() -> None:
        nonlocal active, most
        async with slots.slot(NORMAL):
            active += 1
            most = max(most, active)
            await settle()
            active -= 1

    await asyncio.gather(*(work() for _ in range(30)))
    assert most == 3


async def test_blocking_work_is_never_more_than_slots() -> None:
    slots, lock, active, most = EngineSlots(2), threading.Lock(), 0, 0

    def work() -> None:
        nonlocal active, most
        with lock:
            active += 1
            most = max(most, active)
        with lock:
            active -= 1

    async def utter() -> None:
        async with slots.slot(NORMAL) as slot:
            await slot.run(work)

    await asyncio.gather(*(utter() for _ in range(40)))
    assert 1 <= most <= 2


async def test_a_waiter_that_leaves_takes_no_slot_and_wakes_nobody() -> None:
    desk = Desk(EngineSlots(1))
    await desk.come("running")
    leaver = await desk.come("leaver")
    await desk.come("patient")
    leaver.cancel()
    await settle()
    assert desk.served == ["running"]
    assert desk.slots.waiting == 1
    await desk.go("running")
    assert desk.served == ["running", "patient"]


async def test_every_slot_is_free_again_after_all_waiters_left() -> None:
    desk = Desk(EngineSlots(2))
    for name in ("a", "b"):
        await desk.come(name)
    leavers = [await desk.come(f"leaver {number}", number % 3) for number in range(6)]
    for leaver in leavers:
        leaver.cancel()
    await settle()
    await desk.go("a", "b")
    for name in ("c", "d"):
        await desk.come(name)
    assert desk.served == ["a", "b", "c", "d"]


async def test_a_waiter_that_leaves_in_its_turn_passes_the_slot_on() -> None:
    desk = Desk(EngineSlots(1))
    running = await desk.come("running")
    chosen = await desk.come("chosen")
    await desk.come("next")
    desk.leave["running"].set()
    running.add_done_callback(lambda _: chosen.cancel())
    await settle()
    assert desk.served in (["running", "next"], ["running", "chosen", "next"])


async def test_a_waiter_that_leaves_just_as_the_slot_becomes_free_passes_it_on() -> None:
    desk = Desk(EngineSlots(1))
    running = await desk.come("running")
    leaver = await desk.come("leaver")
    desk.leave["running"].set()
    leaver.cancel()
    await asyncio.gather(running, leaver, return_exceptions=True)
    await desk.come("next")
    assert running.exception() is None
    assert desk.served == ["running", "next"]


async def test_a_failure_gives_the_slot_back() -> None:
    slots = EngineSlots(1)
    with pytest.raises(ZeroDivisionError):
        async with slots.slot(NORMAL) as slot:
            await slot.run(lambda: 1 // 0)
    desk = Desk(slots)
    await desk.come("next")
    assert desk.served == ["next"]


async def test_a_cancelled_caller_is_let_go_at_once_and_its_slot_when_the_work_is_done(
    blocked: threading.Event,
) -> None:
    desk = Desk(EngineSlots(1))
    started = threading.Event()

    def work() -> None:
        started.set()
        blocked.wait(LIMIT_S)

    async def utter() -> None:
        async with desk.slots.slot(NORMAL) as slot:
            await slot.run(work)

    caller = asyncio.create_task(utter())
    assert await asyncio.to_thread(started.wait, LIMIT_S)
    next_caller = await desk.come("next")
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await settle()
    assert desk.served == []
    desk.leave["next"].set()
    blocked.set()
    async with asyncio.timeout(LIMIT_S):
        await next_caller
    assert desk.served == ["next"]


async def test_work_that_fails_after_its_caller_left_gives_the_slot_back(blocked: threading.Event) -> None:
    slots, started = EngineSlots(1), threading.Event()

    def work() -> None:
        started.set()
        blocked.wait(LIMIT_S)
        raise ValueError("nobody is left to hear of it")

    async def utter() -> None:
        async with slots.slot(NORMAL) as slot:
            await slot.run(work)

    caller = asyncio.create_task(utter())
    assert await asyncio.to_thread(started.wait, LIMIT_S)
    caller.cancel()
    blocked.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    async with asyncio.timeout(LIMIT_S), slots.slot(NORMAL) as slot:
        assert await slot.run(lambda: "free") == "free"


async def test_the_loop_is_free_while_an_engine_works(blocked: threading.Event) -> None:
    async with EngineSlots(1).slot(NORMAL) as slot:
        work = asyncio.create_task(slot.run(lambda: blocked.wait(LIMIT_S)))
        await settle()
        assert not work.done()
        blocked.set()
        assert await work


def test_the_default_is_one_slot_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    assert EngineSlots().size == 7
    assert EngineSlots(3).size == 3
