import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.domain.circuit import Circuit, CircuitPolicy, CircuitState, Passage
from danmu_tts.domain.errors import (
    BackendAuthError,
    BackendBlockedError,
    BackendNetworkError,
    BackendRateLimitedError,
    BackendRefusedError,
    BackendUnavailableError,
    VoiceWithdrawnError,
)

POLICY = CircuitPolicy(failures=3, failure_rate=0.5, first_pause_s=5.0, longest_pause_s=60.0)
NOW_S = 1000.0
ILL = BackendNetworkError("hung up")


class Patient:
    """A circuit, its clock, and calls that end at once."""

    def __init__(self, policy: CircuitPolicy = POLICY) -> None:
        self.circuit = Circuit(policy)
        self.now_s = NOW_S

    def state(self) -> CircuitState:
        return self.circuit.state(self.now_s)

    @property
    def pause_s(self) -> float:
        return self.circuit.retry_after_s(self.now_s)

    def enter(self) -> Passage:
        return self.circuit.enter(self.now_s) or pytest.fail("nobody is let through")

    def fail(self, *errors: BackendUnavailableError) -> None:
        for error in errors or (ILL,):
            self.enter().failed(error, self.now_s)

    def succeed(self, times: int = 1) -> None:
        for _ in range(times):
            self.enter().succeeded()

    def break_down(self) -> None:
        self.fail(*[ILL] * POLICY.failures)

    def wait(self, seconds: float | None = None) -> None:
        self.now_s += self.pause_s if seconds is None else seconds


@pytest.fixture
def patient() -> Patient:
    return Patient()


def test_the_usual_policy_is_three_failures_or_half_and_five_seconds_to_a_minute() -> None:
    assert CircuitPolicy() == POLICY


def test_a_new_one_lets_everybody_through(patient: Patient) -> None:
    assert patient.state() is CircuitState.CLOSED
    assert all(patient.circuit.enter(NOW_S) for _ in range(50))
    assert patient.pause_s == 0


def test_three_failures_in_a_row_open_it(patient: Patient) -> None:
    patient.fail(ILL, ILL)
    assert patient.state() is CircuitState.CLOSED
    patient.fail()
    assert patient.state() is CircuitState.OPEN
    assert patient.circuit.enter(patient.now_s) is None
    assert patient.pause_s == 5


def test_a_success_in_between_begins_the_count_anew(patient: Patient) -> None:
    patient.succeed(4)
    patient.fail(ILL, ILL)
    patient.succeed()
    patient.fail(ILL, ILL)
    assert patient.state() is CircuitState.CLOSED
    patient.fail()
    assert patient.state() is CircuitState.OPEN


@pytest.mark.parametrize("error", [BackendAuthError, BackendBlockedError, BackendRateLimitedError])
def test_one_refusal_to_serve_us_opens_it_at_once(patient: Patient, error: type[BackendUnavailableError]) -> None:
    patient.succeed(20)
    patient.fail(error("no"))
    assert patient.state() is CircuitState.OPEN


def test_half_of_eight_calls_open_it_though_never_two_in_a_row_failed(patient: Patient) -> None:
    for _ in range(3):
        patient.succeed()
        patient.fail()
    patient.succeed()
    assert patient.state() is CircuitState.CLOSED
    patient.fail()
    assert patient.state() is CircuitState.OPEN


def test_fewer_than_half_leave_it_closed(patient: Patient) -> None:
    for _ in range(20):
        patient.succeed(2)
        patient.fail()
    assert patient.state() is CircuitState.CLOSED


def test_only_the_last_twenty_calls_are_remembered(patient: Patient) -> None:
    patient.succeed(100)
    for _ in range(9):
        patient.fail()
        patient.succeed()
    assert patient.state() is CircuitState.CLOSED
    patient.fail()
    assert patient.state() is CircuitState.OPEN


@pytest.mark.parametrize("error", [BackendRefusedError("no such word"), VoiceWithdrawnError("gone")])
def test_what_says_nothing_about_the_backend_is_not_counted(patient: Patient, error: BackendUnavailableError) -> None:
    patient.fail(ILL, ILL, *[error] * 20)
    assert patient.state() is CircuitState.CLOSED
    patient.fail()
    assert patient.state() is CircuitState.OPEN


def test_it_stays_shut_to_the_last_moment_of_its_pause(patient: Patient) -> None:
    patient.break_down()
    patient.wait(4.999)
    assert not patient.circuit.allows(patient.now_s)
    patient.wait(0.001)
    assert patient.state() is CircuitState.HALF_OPEN
    assert patient.circuit.allows(patient.now_s)


def test_half_open_lets_exactly_one_through(patient: Patient) -> None:
    patient.break_down()
    patient.wait()
    patient.enter()
    assert not patient.circuit.allows(patient.now_s)
    patient.wait(3600)
    assert patient.circuit.enter(patient.now_s) is None


def test_each_failed_probe_doubles_the_pause_up_to_the_longest(patient: Patient) -> None:
    patient.break_down()
    pauses_s = []
    for _ in range(6):
        pauses_s.append(patient.pause_s)
        patient.wait()
        patient.fail()
    assert pauses_s == [5, 10, 20, 40, 60, 60]


def test_a_good_probe_closes_it_and_all_is_forgotten(patient: Patient) -> None:
    patient.break_down()
    patient.wait()
    patient.fail()
    patient.wait()
    patient.succeed()
    assert patient.state() is CircuitState.CLOSED
    patient.fail(ILL, ILL)
    assert patient.state() is CircuitState.CLOSED
    patient.fail()
    assert patient.pause_s == 5


@pytest.mark.parametrize(("asked_s", "pause_s"), [(0, 5), (3, 5), (17, 17), (600, 60), (math.inf, 60)])
def test_retry_after_is_honoured_within_bounds(patient: Patient, asked_s: float, pause_s: float) -> None:
    patient.fail(BackendRateLimitedError("slowly", retry_after_s=asked_s))
    assert patient.pause_s == pause_s


def test_after_a_good_probe_the_recent_calls_are_forgotten(patient: Patient) -> None:
    patient.break_down()
    patient.wait()
    patient.succeed()
    patient.fail(ILL, ILL)
    patient.succeed()
    patient.fail(ILL, ILL)
    assert patient.state() is CircuitState.CLOSED


def test_a_long_retry_after_does_not_lengthen_the_pauses_after_it(patient: Patient) -> None:
    patient.fail(BackendRateLimitedError("slowly", retry_after_s=50))
    patient.wait()
    patient.fail()
    assert patient.pause_s == 10


def test_a_probe_that_is_left_frees_its_place_and_proves_nothing(patient: Patient) -> None:
    patient.break_down()
    patient.wait()
    patient.enter().left()
    assert patient.state() is CircuitState.HALF_OPEN
    patient.fail()
    assert patient.pause_s == 10


def test_a_probe_that_fails_without_blame_frees_its_place_and_proves_nothing(patient: Patient) -> None:
    patient.break_down()
    patient.wait()
    patient.fail(BackendRefusedError("no such word"))
    assert patient.state() is CircuitState.HALF_OPEN
    assert patient.circuit.allows(patient.now_s)


@pytest.mark.parametrize("verdict", ["succeeded", "failed", "left"])
@pytest.mark.parametrize("waited_s", [0, 5])
def test_who_entered_before_it_opened_has_nothing_new_to_say(patient: Patient, verdict: str, waited_s: float) -> None:
    late = patient.enter()
    patient.break_down()
    patient.wait(waited_s)
    state, pause_s = patient.state(), patient.pause_s
    tell(late, verdict, patient.now_s)
    assert (patient.state(), patient.pause_s) == (state, pause_s)


def test_who_entered_before_it_opened_does_not_end_the_probe(patient: Patient) -> None:
    late = patient.enter()
    patient.break_down()
    patient.wait()
    patient.enter()
    late.left()
    assert not patient.circuit.allows(patient.now_s)


def test_only_the_first_verdict_counts(patient: Patient) -> None:
    patient.fail(ILL, ILL)
    call = patient.enter()
    call.succeeded()
    call.failed(ILL, patient.now_s)
    assert patient.state() is CircuitState.CLOSED
    patient.fail(ILL, ILL)
    call = patient.enter()
    call.left()
    call.failed(ILL, patient.now_s)
    assert patient.state() is CircuitState.CLOSED
    call = patient.enter()
    call.failed(ILL, patient.now_s)
    call.succeeded()
    assert patient.state() is CircuitState.OPEN


def tell(passage: Passage, verdict: str, now_s: float) -> None:
    if verdict == "failed":
        passage.failed(ILL, now_s)
    elif verdict == "banned":
        passage.failed(BackendBlockedError("no", retry_after_s=now_s), now_s)
    elif verdict == "refused":
        passage.failed(BackendRefusedError("no such word"), now_s)
    elif verdict == "succeeded":
        passage.succeeded()
    else:
        passage.left()


VERDICTS = st.sampled_from(["failed", "failed", "banned", "refused", "succeeded", "left"])
WAITS_S = st.integers(0, 120).map(float)  # whole seconds, so that no sum is rounded
STEPS = st.lists(st.just("enter") | st.tuples(VERDICTS, st.integers(0, 20)) | WAITS_S, max_size=60)


@given(STEPS)
def test_whatever_happens_one_probe_at_most_is_out_and_it_never_stays_shut(
    steps: list[str | tuple[str, int] | float],
) -> None:
    circuit, now_s = Circuit(POLICY), NOW_S
    out: list[tuple[Passage, bool]] = []
    for step in steps:
        if isinstance(step, float):
            now_s += step
        elif isinstance(step, tuple):
            if out:
                tell(out.pop(step[1] % len(out))[0], step[0], now_s)
        else:
            state, allowed = circuit.state(now_s), circuit.allows(now_s)
            passage = circuit.enter(now_s)
            assert (passage is not None) is allowed
            if passage:
                assert state is not CircuitState.OPEN
                out.append((passage, state is CircuitState.HALF_OPEN))
        probes = [probe for _, probe in out if probe]
        assert len(probes) <= 1
        assert not (probes and circuit.state(now_s) is CircuitState.CLOSED)
        assert 0 <= circuit.retry_after_s(now_s) <= POLICY.longest_pause_s
    for passage, _ in out:
        passage.left()
    now_s += POLICY.longest_pause_s
    assert circuit.enter(now_s) is not None
