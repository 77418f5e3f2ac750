"""Threads of a key store's own: while it hangs, nothing but keys waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

SIDE_BY_SIDE = 16
"""Twice as many as ``CachedKeys`` looks for unknown ids, so that known keys need not queue behind those."""


class KeyThreads:
    """Like ``asyncio.to_thread``, whose threads files, SQLite and encoders share."""

    def __init__(self) -> None:
        """Starts none yet."""
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="keys")

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, copy_context().run, work)
