"""Time, handed to whoever needs it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks in one."""

    def unix_ms(self) -> int:
        """Unix time in milliseconds, to compare with other machines'."""
        ...

    def elapsed_s(self) -> float:
        """Seconds from no particular point, never backwards, to measure with."""
        ...


class SystemClock:
    """The machine's."""

    def unix_ms(self) -> int:
        """As the system has it."""
        return time.time_ns() // 1_000_000

    def elapsed_s(self) -> float:
        """Of the monotonic clock."""
        return time.monotonic()
