"""A time limit that does not take a busy process for a slow server."""

import asyncio
from typing import Any

# A timer that is so late shows that the loop was busy elsewhere.
_BUSY_S = 0.005


class Patience:
    """Like ``asyncio.timeout``, but a loop that was busy elsewhere when the time was up gets to read what is there."""

    __slots__ = ("_limit_s", "_looking", "_timeout")

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._look_at(asyncio.get_running_loop().time() + self._limit_s)

    async def __aexit__(self, *raised: Any) -> None:
        self._looking.cancel()
        await self._timeout.__aexit__(*raised)

    def _look_at(self, due_s: float) -> None:
        self._looking = asyncio.get_running_loop().call_at(due_s, self._look, due_s)

    def _look(self, due_s: float) -> None:
        now_s = asyncio.get_running_loop().time()
        late_s = now_s - due_s
        if late_s < _BUSY_S:
            self._timeout.reschedule(now_s)
        else:
            self._look_at(now_s + late_s)  # what was taken is given back
