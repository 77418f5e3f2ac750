"""Work that goes on behind whoever started it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """Keeps its tasks from being collected, which asyncio does not, and finishes them at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin; the caller may wait for it or not."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def finish(self, limit_s: float | None = None) -> None:
        """Wait for all that was begun until now, for so many seconds at most. What they raise is theirs."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=limit_s)
