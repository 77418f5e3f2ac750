"""The one event loop of this process.

A Lambda handler is a plain function, called again and again, perhaps from several threads when one process plays the
whole platform. Pooled connections and tasks belong to the loop that made them, so all handlers run their coroutines on
one loop that lives as long as the process.
"""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from danmu_tts.observability import get_logger
from danmu_tts.once import once

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end on the process's loop, from any thread but the loop's own, and return the result."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result()


@once
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=_run_for_ever, args=(loop,), name="danmu-tts-loop", daemon=True).start()
    return loop


def _run_for_ever(loop: asyncio.AbstractEventLoop) -> None:
    """Foreign code that calls ``sys.exit`` in a task would end the loop, and with it every request to come."""
    while True:
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            get_logger().critical("a task tried to end the process", extra={"error": type(error).__name__})
        else:
            return
