"""How long to wait before the next try where a service is away."""

import random
import threading


class Backoff:
    """Twice as long each time, up to a bound, with full jitter so that many workers do not come back together.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    def __init__(self, first_s: float = 0.1, most_s: float = 10, chance: random.Random | None = None) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._chance = chance or random.Random()  # noqa: S311 - nothing secret
        self._failures = 0

    def next_s(self) -> float:
        """Seconds to wait after one more failure; at least a tenth of the bound, so that no loop spins."""
        bound_s = min(self._most_s, self._first_s * 2 ** min(self._failures, 20))
        self._failures += 1
        return self._chance.uniform(bound_s / 10, bound_s)

    def wait(self, stop: threading.Event) -> bool:
        """Wait for the next try, or until it is time to stop: then True."""
        return stop.wait(self.next_s())

    def reset(self) -> None:
        """It worked."""
        self._failures = 0
