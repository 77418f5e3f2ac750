import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.domain.load import Load, LoadFigures

CALLS = st.lists(st.one_of(st.none(), st.floats(0, 60_000)), max_size=50)


def load_after(*latencies_ms: float | None) -> Load:
    """One call after another; None is a failure."""
    load = Load()
    for latency_ms in latencies_ms:
        load.started()
        if latency_ms is None:
            load.failed()
        else:
            load.succeeded(latency_ms)
        load.ended()
    return load


def test_nothing_is_known_of_one_that_was_never_called() -> None:
    assert Load().figures == LoadFigures(in_flight=0, latency_ms=None, failure_rate=0.0)
    assert Load().score_ms(0) == 1000


def test_calls_in_flight_are_counted_however_they_end() -> None:
    load = Load()
    for _ in range(3):
        load.started()
    load.ended()
    assert load.figures.in_flight == 2


def test_figures_are_a_copy() -> None:
    load = Load()
    before = load.figures
    load.started()
    assert before.in_flight == 0


def test_a_slow_first_call_moves_what_is_expected_only_a_little() -> None:
    assert load_after(6000).figures.latency_ms == pytest.approx(2000)


def test_the_newest_call_counts_a_fifth() -> None:
    assert load_after(1000, 500).figures.latency_ms == pytest.approx(900)


def test_what_lasts_is_believed() -> None:
    assert load_after(*[200.0] * 40).score_ms(0) == pytest.approx(200, rel=0.01)


def test_a_failure_raises_the_failure_rate_and_a_success_lowers_it() -> None:
    assert load_after(None).figures.failure_rate == pytest.approx(0.2)
    assert load_after(None, None).figures.failure_rate == pytest.approx(0.36)
    assert load_after(None, None, 1000).figures.failure_rate == pytest.approx(0.288)


def test_a_failure_says_nothing_about_latency() -> None:
    assert load_after(None).figures.latency_ms is None


def test_attempts_in_vain_count_as_time() -> None:
    assert load_after(None, None).score_ms(0) == pytest.approx(1000 / 0.64)


def test_one_that_always_fails_is_ten_times_slower_and_no_more() -> None:
    assert load_after(*[None] * 200).score_ms(0) == pytest.approx(10_000)


def test_each_that_waits_costs_a_whole_turn() -> None:
    assert Load().score_ms(2.5) == pytest.approx(3500)


def test_twenty_calls_at_once_cost_a_whole_turn() -> None:
    load = Load()
    for _ in range(20):
        load.started()
    assert load.score_ms(0) == pytest.approx(2000)


@given(CALLS, st.floats(0, 100))
def test_figures_stay_within_what_was_seen(calls: list[float | None], queue_depth: float) -> None:
    load = load_after(*calls)
    figures, heard = load.figures, [each for each in calls if each is not None]
    assert 0 <= figures.failure_rate <= 1
    assert (figures.latency_ms is None) is (not heard)
    if figures.latency_ms is not None:
        assert min(*heard, 1000) * 0.999 <= figures.latency_ms <= max(*heard, 1000) * 1.001
    assert load.score_ms(queue_depth + 1) >= load.score_ms(queue_depth) >= 0
