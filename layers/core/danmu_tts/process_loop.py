"""The one event loop of this process.

A Lambda handler is a plain function, called again and again, perhaps from several threads when one process plays the
whole platform. Pooled connections and tasks belong to the loop that made them, so all handlers run their coroutines on
one loop that lives as long as the process.

Lambda calls from the main thread, one call at a time: that thread runs the loop itself, which saves two switches of
threads a request. As soon as another thread calls, a thread of its own takes the loop over for good.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from danmu_tts.observability import get_logger
from danmu_tts.once import once

T = TypeVar("T")

_running = threading.Lock()
_at_each_end: list[Callable[[], None]] = []


def at_each_end(act: Callable[[], None]) -> None:
    """Have something done on the loop at the end of every ``run``, before its caller goes on. It must not raise."""
    _at_each_end.append(act)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end on the process's loop, from any thread but the loop's own, and return the result.

    Every handler calls it once an invocation.
    """
    coroutine = _to_the_end(coroutine)
    if _is_free_main_thread() and _running.acquire(blocking=False):
        try:
            return _run_here(coroutine)
        finally:
            _running.release()
    _resident()
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result()


def _is_free_main_thread() -> bool:
    """One that runs no other loop, as a notebook's or a test's does."""
    if threading.current_thread() is not threading.main_thread():
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False


async def _to_the_end(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        return await coroutine
    finally:
        for act in _at_each_end:
            act()


@once
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@once
def _resident() -> threading.Thread:
    thread = threading.Thread(target=_run_for_ever, name="danmu-tts-loop", daemon=True)
    thread.start()
    return thread


def _run_here(coroutine: Coroutine[Any, Any, T]) -> T:
    loop = _loop()
    task = loop.create_task(coroutine)
    while True:
        try:
            return loop.run_until_complete(task)
        except (SystemExit, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt) and not task.done():
                raise  # Ctrl-C
            _say(error)
            if task.done():
                raise


def _run_for_ever() -> None:
    """Foreign code that calls ``sys.exit`` in a task would end the loop, and with it every request to come."""
    with _running:
        while True:
            try:
                _loop().run_forever()
            except (SystemExit, KeyboardInterrupt) as error:
                _say(error)
            else:
                return


def _say(error: BaseException) -> None:
    get_logger().critical("a task tried to end the process", extra={"error": type(error).__name__})
