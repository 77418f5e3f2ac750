"""Whose turn it is: express first, without starving standard."""

from collections.abc import Sequence

from gpu_service.grouping import rows_with
from gpu_service.tickets import Ticket

STANDARD_EVERY = 4
"""Where standard waits and had no row in three batches, the fourth is its own."""


class Turns:
    """Decides what is said next. Not thread-safe."""

    def __init__(self) -> None:
        self._without_standard = 0

    def choose(self, express: Sequence[Ticket], standard: Sequence[Ticket], most_rows: int) -> list[Ticket]:
        """The next batch, at most ``most_rows``, of what waits, oldest first. Empty where nothing does.

        The oldest of the lane whose turn it is leads, so that nobody waits for ever for a batch of his length. The
        rows that its lane leaves over are filled from the other one.
        """
        if standard and (not express or self._without_standard >= STANDARD_EVERY - 1):
            rows = rows_with(standard[0], [*standard, *express], most_rows)
        elif express:
            rows = rows_with(express[0], [*express, *standard], most_rows)
        else:
            return []
        waiting = set(map(id, standard))
        left_out = bool(standard) and not any(id(row) in waiting for row in rows)
        self._without_standard = self._without_standard + 1 if left_out else 0
        return rows
