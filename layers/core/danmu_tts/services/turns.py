"""Take what foreign code yields, one item at a time, each within its time.

Closing a connection whose other end is dead takes its own time, ten seconds for a WebSocket. Nobody who waits for
speech shall wait for that as well, so what does not let go is left to end by itself.
"""

import asyncio
from collections.abc import AsyncIterator
from enum import Enum
from typing import ClassVar, Generic, Literal, TypeVar

from danmu_tts.background import Background
from danmu_tts.foreign import ForeignError
from danmu_tts.observability import describe_error, get_logger

T = TypeVar("T")
logger = get_logger("backends")

_CLOSING_LIMIT_S = 1.0


class _End(Enum):
    END = "nothing more comes"


END: Literal[_End.END] = _End.END


class Turns(Generic[T]):
    """One iterator's items. Must be ended."""

    _closing: ClassVar[Background] = Background()

    def __init__(self, items: AsyncIterator[T], name: str) -> None:
        """``name`` is said in the log."""
        self._items = items
        self._name = name
        self._turn: asyncio.Task[T | Literal[_End.END]] | None = None

    async def next(self, until_s: float) -> T | Literal[_End.END]:
        """The next item, or ``END``.

        Raises:
            TimeoutError: the loop's clock says ``until_s``.
            Exception: whatever the iterator raises; SystemExit, which would end the loop, as ForeignError.
        """
        left_s = until_s - asyncio.get_running_loop().time()
        if left_s <= 0:
            raise TimeoutError
        self._turn = asyncio.create_task(self._next())
        await asyncio.wait({self._turn}, timeout=left_s)
        if not self._turn.done():
            raise TimeoutError
        turn, self._turn = self._turn, None
        return turn.result()

    async def end(self) -> None:
        """Close the iterator: at once where it waits for us, behind our back where we gave up on it."""
        given_up = self._turn
        closing = self._closing.start(self._close(given_up))
        if given_up is None:
            await asyncio.wait({closing}, timeout=_CLOSING_LIMIT_S)
        else:
            given_up.cancel()

    async def _next(self) -> T | Literal[_End.END]:
        try:
            item = await anext(self._items, END)
        except SystemExit as error:
            raise ForeignError("it tried to end the process") from error
        await asyncio.sleep(0)  # who yields without ever waiting must not stop the others
        return item

    async def _close(self, given_up: asyncio.Task[T | Literal[_End.END]] | None) -> None:
        if given_up:
            await asyncio.gather(given_up, return_exceptions=True)  # nobody is left to hear what it failed with
        close = getattr(self._items, "aclose", None)
        try:
            if close:
                await close()
        except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - the edge of foreign code
            logger.warning("did not close", extra={"backend": self._name} | describe_error(error))
