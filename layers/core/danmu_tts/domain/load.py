"""How busy, how quick and how reliable a backend has been lately."""

from dataclasses import dataclass

# Weight of the newest call: about the last ten count.
_NEWEST = 0.2
# What was seen counts half after so long without a call: a backend that nobody asks must not stay ill for ever.
_HALF_LIFE_S = 30.0
# Expected of a backend that was never heard; its first call, which may load something, moves that only a little.
_PRIOR_LATENCY_MS = 1000.0
# A backend that always fails is not infinitely slow: its circuit deals with it.
_WORST_FAILURE_RATE = 0.9


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """What an operator is shown. ``latency_ms``: moving mean to the first audio; None before there was any."""

    in_flight: int
    latency_ms: float | None
    failure_rate: float


class Load:
    """Moving figures of one backend in this process. Times are seconds of one clock, from any start."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._shown_latency_ms: float | None = None
        self._expected_ms = _PRIOR_LATENCY_MS
        self._failure_rate = 0.0
        self._seen_at_s = 0.0

    def figures(self, now_s: float) -> LoadFigures:
        """A copy of them."""
        return LoadFigures(self.in_flight, self._shown_latency_ms, self._failure_rate * self._weight(now_s))

    def started(self) -> None:
        """A call begins."""
        self.in_flight += 1

    def ended(self) -> None:
        """A call ends, however."""
        self.in_flight -= 1

    def succeeded(self, latency_ms: float, now_s: float) -> None:
        """Speech came; its first audio took so long, not counting time in a queue."""
        self._fade(now_s)
        self._expected_ms += _NEWEST * (latency_ms - self._expected_ms)
        shown = latency_ms if self._shown_latency_ms is None else self._shown_latency_ms
        self._shown_latency_ms = shown + _NEWEST * (latency_ms - shown)
        self._failure_rate -= _NEWEST * self._failure_rate

    def failed(self, now_s: float) -> None:
        """No speech came, and the backend is to blame."""
        self._fade(now_s)
        self._failure_rate += _NEWEST * (1 - self._failure_rate)

    def recovered(self) -> None:
        """It failed for a while and is well again."""
        self._failure_rate = 0.0

    def expected_ms(self, now_s: float) -> float:
        """How long its first audio usually takes."""
        return _PRIOR_LATENCY_MS + (self._expected_ms - _PRIOR_LATENCY_MS) * self._weight(now_s)

    def score_ms(self, queue_depth: float, side_by_side: int, now_s: float) -> float:
        """How long one more call is expected to take to its first audio, attempts in vain included.

        Args:
            queue_depth: utterances that wait before it, for each that the backend makes at a time.
            side_by_side: calls that it takes at once without anybody waiting.
        """
        busy = 1 + queue_depth + self.in_flight / side_by_side
        failure_rate = min(self._failure_rate * self._weight(now_s), _WORST_FAILURE_RATE)
        return self.expected_ms(now_s) * busy / (1 - failure_rate)

    def _weight(self, now_s: float) -> float:
        return float(0.5 ** (max(0.0, now_s - self._seen_at_s) / _HALF_LIFE_S))

    def _fade(self, now_s: float) -> None:
        """Let what was seen lose weight before something new is added."""
        self._expected_ms, self._failure_rate = self.expected_ms(now_s), self._failure_rate * self._weight(now_s)
        self._seen_at_s = now_s
