import asyncio
import logging
from typing import NoReturn

import pytest

from danmu_tts import process_loop
from tests.builders.logs import captured_logs


async def running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_the_loop_serves_on_after_a_request_tried_to_end_the_process(error: BaseException) -> None:
    async def end() -> NoReturn:
        raise error

    loop = process_loop.run(running_loop())
    with captured_logs() as records, pytest.raises(type(error)):
        process_loop.run(end())
    assert process_loop.run(running_loop()) is loop
    assert [(record.levelno, vars(record)["error"]) for record in records] == [(logging.CRITICAL, type(error).__name__)]


def test_a_task_behind_the_scenes_that_tries_takes_no_request_with_it() -> None:
    async def end() -> NoReturn:
        raise SystemExit(3)

    async def serve() -> str:
        with pytest.raises(SystemExit):
            await asyncio.create_task(end())
        await asyncio.sleep(0)
        return "answered"

    loop = process_loop.run(running_loop())
    with captured_logs():
        assert process_loop.run(serve()) == "answered"
    assert process_loop.run(running_loop()) is loop


def test_requests_under_way_go_on() -> None:
    async def end() -> NoReturn:
        raise SystemExit(3)

    async def start() -> "tuple[asyncio.Event, asyncio.Task[str]]":
        go_on = asyncio.Event()

        async def serve() -> str:
            await go_on.wait()
            return "answered"

        return go_on, asyncio.create_task(serve())

    async def finish(go_on: asyncio.Event, request: "asyncio.Task[str]") -> str:
        go_on.set()
        return await request

    go_on, request = process_loop.run(start())
    with captured_logs(), pytest.raises(SystemExit):
        process_loop.run(end())
    assert process_loop.run(finish(go_on, request)) == "answered"
