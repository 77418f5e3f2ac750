"""Share the cores among all engines that run in this process, most urgent first."""

import asyncio
import heapq
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")


class EngineSlot:
    """The right to keep one core busy."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self.work: asyncio.Future[Any] | None = None

    async def run(self, function: Callable[[], T]) -> T:
        """Run blocking work on an engine thread. A cancelled caller is let go at once; the work cannot be."""
        work = asyncio.get_running_loop().run_in_executor(self._threads, function)
        self.work = work
        return await asyncio.shield(work)


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
    async def slot(self, priority: int) -> AsyncIterator[EngineSlot]:
        """Hold a slot; lower priorities go first. Work left behind keeps the slot until it is done."""
        await self._acquire(priority)
        slot = EngineSlot(self._threads)
        try:
            yield slot
        finally:
            if slot.work is None or slot.work.done():
                self._release()
            else:
                slot.work.add_done_callback(self._abandoned)

    @property
    def busy(self) -> int:
        """How many slots are held."""
        return self.size - self._free

    @property
    def waiting(self) -> int:
        """How many utterances wait for a slot."""
        return sum(not turn.done() for _, _, turn in self._waiting)

    async def _acquire(self, priority: int) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._arrivals), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the slot was given in the very moment of giving up
                self._release()
            raise

    def _release(self) -> None:
        """Give the slot to the first who still waits; those who gave up are only now forgotten."""
        while self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _abandoned(self, work: asyncio.Future[Any]) -> None:
        work.exception()  # nobody is left to hear of it
        self._release()
