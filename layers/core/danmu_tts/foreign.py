"""Call what somebody else wrote: a backend, a cache, a plugin. It may do anything but end this process."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


class ForeignError(RuntimeError):
    """Foreign code raised what no code should: ``SystemExit``, or ``CancelledError`` though nobody cancelled it."""


async def call(step: Callable[[], Any], limit_s: float) -> Any:
    """Call a function, plain or async, for so many seconds at most. What it returns is as hostile as any input.

    Raises:
        TimeoutError: it took too long. A plain function cannot be stopped.
        Exception: whatever else it raises; ForeignError for what would end more than this call.
    """
    try:
        async with asyncio.timeout(limit_s):
            result = step()
            return await result if inspect.isawaitable(result) else result
    except asyncio.CancelledError as error:
        if is_cancelled():
            raise
        raise ForeignError("it cancelled itself") from error
    except SystemExit as error:
        raise ForeignError("it tried to end the process") from error


def is_cancelled() -> bool:
    """Whether the caller of the running task gave up; foreign code may raise CancelledError all by itself."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
