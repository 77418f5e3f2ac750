"""Share the cores among all engines that run in this process, most urgent first."""

import asyncio
import heapq
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import count
from typing import TypeVar

T = TypeVar("T")


class EngineSlots:
    """So many utterances at once; whoever waits is served by priority, then by arrival.

    Inference releases the interpreter lock, so a thread a core keeps every core busy while the event loop stays free.
    """

    def __init__(self, slots: int = 0) -> None:
        """``slots`` utterances at once; 0 means one a core."""
        self.size = slots or os.cpu_count() or 1
        self._free = self.size
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self._threads = ThreadPoolExecutor(self.size, thread_name_prefix="engine")

    @asynccontextmanager
    async def slot(self, priority: int) -> AsyncIterator[None]:
        """Hold a slot; lower priorities go first."""
        await self._acquire(priority)
        try:
            yield
        finally:
            self._release()

    async def run(self, function: Callable[[], T]) -> T:
        """Run blocking work on an engine thread. A cancelled caller still holds its slot until the work is done."""
        work = asyncio.get_running_loop().run_in_executor(self._threads, function)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            raise

    @property
    def waiting(self) -> int:
        """How many utterances wait for a slot."""
        return len(self._waiting)

    async def _acquire(self, priority: int) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (priority, next(self._arrivals), turn)
        heapq.heappush(self._waiting, entry)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release()
            else:
                self._waiting.remove(entry)
                heapq.heapify(self._waiting)
            raise

    def _release(self) -> None:
        if self._waiting:
            heapq.heappop(self._waiting)[2].set_result(None)
        else:
            self._free += 1
