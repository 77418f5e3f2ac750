import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.domain.load import Load, LoadFigures

NOW_S, HALF_LIFE_S, MINUTES_S = 1_000_000.0, 30.0, 300.0
ALONE = 20
CALLS = st.lists(st.one_of(st.none(), st.floats(0, 60_000)), max_size=50)


def load_after(*latencies_ms: float | None) -> Load:
    """One call after another at ``NOW_S``; None is a failure."""
    load = Load()
    for latency_ms in latencies_ms:
        load.started()
        if latency_ms is None:
            load.failed(NOW_S)
        else:
            load.succeeded(latency_ms, NOW_S)
        load.ended()
    return load


def score_ms(load: Load, later_s: float = 0, queue_depth: float = 0) -> float:
    return load.score_ms(queue_depth, ALONE, NOW_S + later_s)


def failure_rate(load: Load, later_s: float = 0) -> float:
    return load.figures(NOW_S + later_s).failure_rate


def test_nothing_is_known_of_one_that_was_never_called() -> None:
    assert Load().figures(NOW_S) == LoadFigures(in_flight=0, latency_ms=None, failure_rate=0.0)
    assert score_ms(Load()) == 1000


def test_calls_in_flight_are_counted_however_they_end() -> None:
    load = Load()
    for _ in range(3):
        load.started()
    load.ended()
    assert load.figures(NOW_S).in_flight == 2


def test_figures_are_a_copy() -> None:
    load = Load()
    before = load.figures(NOW_S)
    load.started()
    assert before.in_flight == 0


def test_a_slow_first_call_is_shown_as_it_was_and_moves_what_is_expected_only_a_little() -> None:
    load = load_after(6000)
    assert load.figures(NOW_S).latency_ms == 6000
    assert load.expected_ms(NOW_S) == score_ms(load) == pytest.approx(2000)


def test_the_newest_call_counts_a_fifth() -> None:
    load = load_after(1000, 500)
    assert load.figures(NOW_S).latency_ms == load.expected_ms(NOW_S) == pytest.approx(900)


def test_what_lasts_is_believed() -> None:
    assert score_ms(load_after(*[200.0] * 40)) == pytest.approx(200, rel=0.01)


def test_a_failure_raises_the_failure_rate_and_a_success_lowers_it() -> None:
    assert failure_rate(load_after(None)) == pytest.approx(0.2)
    assert failure_rate(load_after(None, None)) == pytest.approx(0.36)
    assert failure_rate(load_after(None, None, 1000)) == pytest.approx(0.288)


def test_a_failure_says_nothing_about_latency() -> None:
    load = load_after(None)
    assert load.figures(NOW_S).latency_ms is None
    assert load.expected_ms(NOW_S) == 1000


def test_attempts_in_vain_count_as_time() -> None:
    assert score_ms(load_after(None, None)) == pytest.approx(1000 / 0.64)


def test_one_that_always_fails_is_ten_times_slower_and_no_more() -> None:
    assert score_ms(load_after(*[None] * 200)) == pytest.approx(10_000)


def test_each_that_waits_costs_a_whole_turn() -> None:
    assert score_ms(Load(), queue_depth=2.5) == pytest.approx(3500)


@pytest.mark.parametrize(("in_flight", "side_by_side"), [(20, 20), (1, 1), (5, 5)])
def test_as_many_calls_as_it_takes_at_once_cost_a_whole_turn(in_flight: int, side_by_side: int) -> None:
    load = Load()
    for _ in range(in_flight):
        load.started()
    assert load.score_ms(0, side_by_side, NOW_S) == pytest.approx(2000)


@pytest.mark.parametrize(("latency_ms", "then_ms"), [(6000.0, 3500), (200.0, 600)])
def test_what_was_measured_counts_half_after_half_a_minute_without_calls(latency_ms: float, then_ms: float) -> None:
    load = load_after(*[latency_ms] * 40)
    assert score_ms(load) == pytest.approx(latency_ms, rel=0.01)
    assert load.expected_ms(NOW_S + HALF_LIFE_S) == pytest.approx(then_ms, rel=0.01)
    assert score_ms(load, HALF_LIFE_S) == pytest.approx(then_ms, rel=0.01)


def test_failures_count_half_after_half_a_minute_without_calls() -> None:
    load = load_after(*[None] * 40)
    assert failure_rate(load, HALF_LIFE_S) == pytest.approx(0.5, rel=0.01)
    assert score_ms(load, HALF_LIFE_S) == pytest.approx(2000, rel=0.01)
    assert failure_rate(load, MINUTES_S) == pytest.approx(0, abs=0.01)


def test_what_is_new_counts_a_fifth_of_what_the_old_has_faded_to() -> None:
    load = load_after(*[6000.0] * 40)
    load.succeeded(500, NOW_S + HALF_LIFE_S)
    assert load.expected_ms(NOW_S + HALF_LIFE_S) == pytest.approx(3500 + 0.2 * (500 - 3500), rel=0.01)
    failing = load_after(*[None] * 40)
    failing.failed(NOW_S + HALF_LIFE_S)
    assert failure_rate(failing, HALF_LIFE_S) == pytest.approx(0.6, rel=0.01)


def test_one_that_was_ill_for_long_is_expected_to_be_quick_again_after_minutes_without_calls() -> None:
    load = load_after(*[30_000.0] * 40, *[None] * 40)
    assert score_ms(load) > 100_000
    assert score_ms(load, MINUTES_S) == pytest.approx(1000, rel=0.05)


def test_the_latency_that_an_operator_is_shown_stays() -> None:
    assert load_after(6000).figures(NOW_S + MINUTES_S).latency_ms == 6000


def test_one_that_has_recovered_is_not_held_to_its_failures() -> None:
    load = load_after(*[None] * 10, 500)
    load.recovered()
    assert failure_rate(load) == 0
    assert score_ms(load) == pytest.approx(900)


def test_a_clock_that_goes_back_makes_nothing_worse() -> None:
    load = load_after(6000, None)
    assert score_ms(load, -60) == score_ms(load)


@given(CALLS, st.floats(0, 100), st.floats(0, 600))
def test_figures_stay_within_what_was_seen(calls: list[float | None], queue_depth: float, later_s: float) -> None:
    load = load_after(*calls)
    figures, heard = load.figures(NOW_S + later_s), [each for each in calls if each is not None]
    assert 0 <= figures.failure_rate <= 1
    assert (figures.latency_ms is None) is (not heard)
    if figures.latency_ms is not None:
        assert min(heard) * 0.999 <= figures.latency_ms <= max(heard) * 1.001
    assert min([1000, *heard]) * 0.999 <= load.expected_ms(NOW_S + later_s) <= max([1000, *heard]) * 1.001
    assert score_ms(load, later_s, queue_depth + 1) >= score_ms(load, later_s, queue_depth) >= 0


@given(CALLS)
def test_whatever_was_seen_fades(calls: list[float | None]) -> None:
    assert score_ms(load_after(*calls), 20 * HALF_LIFE_S) == pytest.approx(1000, rel=0.01)
