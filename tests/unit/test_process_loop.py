import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from danmu_tts import process_loop
from danmu_tts.observability import current_request_id, request_scope


async def running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_every_thread_gets_the_same_loop() -> None:
    here = process_loop.run(running_loop())
    with ThreadPoolExecutor(8) as threads:
        loops = list(threads.map(lambda _: process_loop.run(running_loop()), range(32)))
    assert {id(loop) for loop in loops} == {id(here)}


def test_gives_back_the_result() -> None:
    async def add(left: int, right: int) -> int:
        await asyncio.sleep(0)
        return left + right

    assert process_loop.run(add(1, 2)) == 3


def test_an_exception_reaches_the_caller_and_the_loop_goes_on() -> None:
    async def fail() -> None:
        raise LookupError("not here")

    with pytest.raises(LookupError, match="not here"):
        process_loop.run(fail())
    assert process_loop.run(running_loop()).is_running()


def test_callers_wait_for_each_other_through_one_loop() -> None:
    arrived: list[asyncio.Event] = []

    async def create() -> None:
        arrived.append(asyncio.Event())

    async def wait() -> str:
        async with asyncio.timeout(10):
            await arrived[0].wait()
        return "woken"

    async def wake() -> None:
        arrived[0].set()

    process_loop.run(create())
    with ThreadPoolExecutor(1) as threads:
        waiter = threads.submit(lambda: process_loop.run(wait()))
        process_loop.run(wake())
        assert waiter.result(10) == "woken"


def test_the_request_id_goes_along() -> None:
    async def request_id() -> str:
        return current_request_id()

    with request_scope("req-1"):
        assert process_loop.run(request_id()) == "req-1"


async def test_a_handler_may_be_called_where_another_loop_is_running() -> None:
    async def answer() -> str:
        return "answered"

    assert process_loop.run(answer()) == "answered"


def test_what_is_to_be_done_at_each_end_is_done_on_the_loop_before_the_caller_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends: list[bool] = []
    monkeypatch.setattr(process_loop, "_at_each_end", [])
    process_loop.at_each_end(lambda: ends.append(asyncio.get_running_loop().is_running()))

    async def fail() -> None:
        raise LookupError

    process_loop.run(running_loop())
    assert ends == [True]
    with pytest.raises(LookupError):
        process_loop.run(fail())
    with ThreadPoolExecutor(1) as threads:
        threads.submit(process_loop.run, running_loop()).result()
    assert ends == [True] * 3
