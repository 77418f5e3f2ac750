"""Leave a backend alone while it fails, and find out by one call at a time when it is back."""

from dataclasses import dataclass
from enum import StrEnum

from danmu_tts.domain.blame import Blame
from danmu_tts.domain.errors import BackendUnavailableError


class CircuitState(StrEnum):
    """Closed lets every call through, open none, half-open one."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    """When to leave a backend alone and for how long.

    Attributes:
        failures: so many in a row open the circuit.
        failure_rate: and so does this share of the recent calls.
        first_pause_s: how long it stays open; doubled with each probe that fails.
        longest_pause_s: bound of that, and of what a vendor may ask for by Retry-After.
    """

    failures: int = 3
    failure_rate: float = 0.5
    first_pause_s: float = 5.0
    longest_pause_s: float = 60.0


_RECENT_CALLS = 20
_TOO_FEW_TO_JUDGE = 8


class Circuit:
    """One backend's circuit breaker. Times are seconds of one clock, from any start."""

    def __init__(self, policy: CircuitPolicy) -> None:
        self._policy = policy
        self._recent: list[bool] = []
        self._failures_in_a_row = 0
        self._pause_s = 0.0
        self._open_until_s: float | None = None
        self._probing = False

    def state(self, now_s: float) -> CircuitState:
        """What it would do with a call now."""
        if self._open_until_s is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now_s < self._open_until_s else CircuitState.HALF_OPEN

    def allows(self, now_s: float) -> bool:
        """Whether :meth:`enter` would let a call through."""
        state = self.state(now_s)
        return state is CircuitState.CLOSED or (state is CircuitState.HALF_OPEN and not self._probing)

    def retry_after_s(self, now_s: float) -> float:
        """Seconds until it may let a call through."""
        return max(0.0, (self._open_until_s or 0.0) - now_s)

    def enter(self, now_s: float) -> "Passage | None":
        """Let a call through, or not. The call must end by telling the passage how it went."""
        if not self.allows(now_s):
            return None
        probe = self._open_until_s is not None
        self._probing = self._probing or probe
        return Passage(self, probe)

    def leave_alone(self, until_s: float) -> None:
        """Open it on somebody else's word, or for longer."""
        if self._open_until_s is None or self._open_until_s < until_s:
            self._open_until_s = until_s

    def _close(self) -> None:
        """Forget everything: it is as good as new."""
        self._recent.clear()
        self._failures_in_a_row, self._pause_s, self._open_until_s, self._probing = 0, 0.0, None, False

    def _succeeded(self, *, probe: bool) -> None:
        if probe:
            self._close()
        elif self._open_until_s is None:
            self._failures_in_a_row = 0
            self._remember(True)

    def _failed(self, error: BackendUnavailableError, now_s: float, *, probe: bool) -> None:
        if probe:
            self._probing = False
            self._open(error, now_s)
        elif self._open_until_s is None:  # whoever entered before it opened has nothing new to say
            self._failures_in_a_row += 1
            self._remember(False)
            if error.blame is Blame.ALL or self._failures_in_a_row >= self._policy.failures or self._fails_often():
                self._open(error, now_s)

    def _left(self, *, probe: bool) -> None:
        if probe:
            self._probing = False

    def _open(self, error: BackendUnavailableError, now_s: float) -> None:
        policy = self._policy
        self._pause_s = min(max(policy.first_pause_s, self._pause_s * 2), policy.longest_pause_s)
        self._open_until_s = now_s + min(max(self._pause_s, error.retry_after_s or 0.0), policy.longest_pause_s)

    def _remember(self, success: bool) -> None:
        self._recent = [*self._recent[1 - _RECENT_CALLS :], success]

    def _fails_often(self) -> bool:
        failed = self._recent.count(False)
        return len(self._recent) >= _TOO_FEW_TO_JUDGE and failed >= self._policy.failure_rate * len(self._recent)


class Passage:
    """One call on its way through a circuit. Only the first verdict counts."""

    def __init__(self, circuit: Circuit, probe: bool) -> None:
        self._circuit: Circuit | None = circuit
        self.is_probe = probe

    def succeeded(self) -> None:
        """The backend did its work."""
        if circuit := self._end():
            circuit._succeeded(probe=self.is_probe)

    def failed(self, error: BackendUnavailableError, now_s: float) -> None:
        """The backend failed; an error without blame says nothing about it."""
        if error.blame is Blame.NONE:
            self.left()
        elif circuit := self._end():
            circuit._failed(error, now_s, probe=self.is_probe)

    def left(self) -> None:
        """Nobody waited for the outcome."""
        if circuit := self._end():
            circuit._left(probe=self.is_probe)

    def _end(self) -> Circuit | None:
        circuit, self._circuit = self._circuit, None
        return circuit
