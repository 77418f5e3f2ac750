"""How busy, how quick and how reliable a backend has been lately."""

from dataclasses import dataclass

# Weight of the newest call: about the last ten count.
_NEWEST = 0.2
# Expected of a backend that was never heard; its first call, which may load something, moves that only a little.
_PRIOR_LATENCY_MS = 1000.0
# Calls at once that a vendor takes without anybody waiting; also the connections kept to one host.
_SIDE_BY_SIDE = 20
# A backend that always fails is not infinitely slow: its circuit deals with it.
_WORST_FAILURE_RATE = 0.9


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """What an operator is shown. ``latency_ms``: to the first audio; None before there was any."""

    in_flight: int
    latency_ms: float | None
    failure_rate: float


class Load:
    """Moving figures of one backend in this process."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._latency_ms: float | None = None
        self._failure_rate = 0.0

    @property
    def figures(self) -> LoadFigures:
        """A copy of them."""
        return LoadFigures(self.in_flight, self._latency_ms, self._failure_rate)

    def started(self) -> None:
        """A call begins."""
        self.in_flight += 1

    def ended(self) -> None:
        """A call ends, however."""
        self.in_flight -= 1

    def succeeded(self, latency_ms: float) -> None:
        """Speech came, and its first audio took so long."""
        known = self._expected_ms
        self._latency_ms = known + _NEWEST * (latency_ms - known)
        self._failure_rate -= _NEWEST * self._failure_rate

    def failed(self) -> None:
        """No speech came, and the backend is to blame."""
        self._failure_rate += _NEWEST * (1 - self._failure_rate)

    def score_ms(self, queue_depth: float) -> float:
        """How long one more call is expected to take to its first audio, attempts in vain included.

        Args:
            queue_depth: utterances that wait before it, for each that the backend makes at a time.
        """
        busy = 1 + queue_depth + self.in_flight / _SIDE_BY_SIDE
        return self._expected_ms * busy / (1 - min(self._failure_rate, _WORST_FAILURE_RATE))

    @property
    def _expected_ms(self) -> float:
        return _PRIOR_LATENCY_MS if self._latency_ms is None else self._latency_ms
