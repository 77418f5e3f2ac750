"""What one process learns of a failing backend spares the others the failures."""

import asyncio
from collections.abc import Callable, Mapping

from danmu_tts.domain.circuit import Circuit
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.ports import CircuitBoard

_EVERY_S = 1.0


class SharedCircuits:
    """Exchanges open circuits with all processes while there is traffic: once a second, and when one opens here.

    Nobody waits for it. Each process finds out by a call of its own when a backend is back: the pause ends everywhere
    at the same time.
    """

    def __init__(self, board: CircuitBoard, circuits: Mapping[str, Circuit], clock: Callable[[], float]) -> None:
        """``clock`` is that of the circuits."""
        self._board = board
        self._circuits = circuits
        self._clock = clock
        self._exchanged_at_s = float("-inf")
        self._open: set[str] = set()
        self._exchanging: asyncio.Task[None] | None = None

    def keep_up(self) -> None:
        """Start an exchange if the last one is old, or knew nothing of a circuit that is open here."""
        now_s = self._clock()
        before, self._open = self._open, {name for name, each in self._circuits.items() if each.retry_after_s(now_s)}
        if self._circuits and (now_s - self._exchanged_at_s >= _EVERY_S or self._open - before):
            self._exchanged_at_s = now_s
            self._exchanging = asyncio.create_task(self.exchange())

    async def exchange(self) -> None:
        """Tell what is open here, and open what is open elsewhere."""
        try:
            heard = await self._board.read(list(self._circuits))
            now_s = self._clock()
            for name, circuit in self._circuits.items():
                own_s, left_s = circuit.retry_after_s(now_s), heard.get(name, 0.0)
                if left_s > own_s:
                    circuit.leave_alone(now_s + left_s)
                elif own_s > left_s + _EVERY_S or (own_s and not left_s):
                    await self._board.post(name, own_s)
        except StoreAwayError:
            return  # alone, each goes by what it sees itself
