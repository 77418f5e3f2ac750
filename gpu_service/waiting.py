"""What has been received and is not begun yet."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gpu_service.clock import Clock
from gpu_service.scheduling import Turns
from gpu_service.tickets import Lane, Ticket

Fits = Callable[[Sequence[Ticket]], int]


@dataclass(frozen=True, slots=True)
class Batch:
    """What to do next: say ``rows``; ``expired`` came too late."""

    rows: list[Ticket] = field(default_factory=list)
    expired: list[Ticket] = field(default_factory=list)


class Waiting:
    """Jobs by lane, between those who bring them and the one who says them. Thread-safe.

    Each lane holds at most ``room`` jobs, so that a flood of one shuts out no other, and so that no worker sits on
    what another could say meanwhile.
    """

    def __init__(self, clock: Clock, most_rows: int, room: int) -> None:
        self._clock = clock
        self._most_rows = most_rows
        self._room = room
        self._turns = Turns()
        self._lanes: dict[Lane, list[Ticket]] = {"express": [], "standard": [], "direct": []}
        self._changed = threading.Condition()
        self._closed = False

    def await_room(self, lane: Lane, timeout_s: float | None = None) -> int:
        """How many more jobs the lane takes, once that is not 0; 0 where it is closed or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._free(lane) > 0, timeout_s)
            return 0 if self._closed else max(0, self._free(lane))

    def add(self, tickets: Sequence[Ticket]) -> bool:
        """Take jobs of one lane; False, and none taken, where it is closed."""
        with self._changed:
            if self._closed:
                return False
            for ticket in tickets:
                self._lanes[ticket.lane].append(ticket)
            self._changed.notify_all()
            return True

    def take(self, fits: Fits, gather_s: float = 0) -> Batch | None:
        """The next batch, when there is one. None where it is closed.

        Args:
            fits: how many of the rows, from the first on, go together; at least 1.
            gather_s: how long the first waits for others.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._count() > 0)
            if gather_s:
                self._changed.wait_for(lambda: self._closed or self._count() >= self._most_rows, gather_s)
            if self._closed:
                return None
            expired = self._remove_expired()
            urgent = self._lanes["direct"] + self._lanes["express"]
            rows = self._turns.choose(urgent, self._lanes["standard"], self._most_rows)
            if rows:
                rows = rows[: max(1, fits(rows))]
            self._remove(rows)
            self._changed.notify_all()
            return Batch(rows, expired)

    def close(self) -> list[Ticket]:
        """Take and give nothing any more; what was there."""
        with self._changed:
            self._closed = True
            rest = [ticket for lane in self._lanes.values() for ticket in lane]
            self._remove(rest)
            self._changed.notify_all()
            return rest

    def count(self, lane: Lane) -> int:
        """How many wait."""
        with self._changed:
            return len(self._lanes[lane])

    def _free(self, lane: Lane) -> int:
        return self._room - len(self._lanes[lane])

    def _count(self) -> int:
        return sum(map(len, self._lanes.values()))

    def _remove_expired(self) -> list[Ticket]:
        now_ms = self._clock.unix_ms()
        expired = [ticket for lane in self._lanes.values() for ticket in lane if ticket.job.expires_at_ms <= now_ms]
        self._remove(expired)
        return expired

    def _remove(self, tickets: Sequence[Ticket]) -> None:
        gone = set(map(id, tickets))
        for lane, waiting in self._lanes.items():
            self._lanes[lane] = [ticket for ticket in waiting if id(ticket) not in gone]
