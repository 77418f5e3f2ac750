import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.domain.attempts import attempt_budget_s


def budgets_s(total_s: float, attempts: int) -> list[float]:
    """What each of so many attempts gets when every one uses up its budget."""
    given_s: list[float] = []
    for others_left in reversed(range(attempts)):
        given_s.append(attempt_budget_s(total_s - sum(given_s), others_left))
    return given_s


def test_the_only_one_gets_everything() -> None:
    assert attempt_budget_s(8.0, 0) == 8


@pytest.mark.parametrize("others", [1, 2, 10])
def test_half_is_left_for_the_others_however_many_they_are(others: int) -> None:
    assert attempt_budget_s(8.0, others) == 4


def test_each_gets_half_of_what_is_left_and_the_last_one_all() -> None:
    assert budgets_s(8.0, 4) == [4, 2, 1, 1]


def test_one_that_fails_early_leaves_its_time_to_the_next() -> None:
    first_s = attempt_budget_s(8.0, 1)
    assert attempt_budget_s(8.0 - first_s / 4, 0) == 7


@given(st.floats(0.001, 600), st.integers(1, 10))
def test_everybody_gets_some_time_and_all_together_no_more_than_there_is(total_s: float, attempts: int) -> None:
    given_s = budgets_s(total_s, attempts)
    assert len(given_s) == attempts
    assert all(each > 0 for each in given_s)
    assert sum(given_s) == pytest.approx(total_s)
    assert sum(given_s) <= total_s * (1 + 1e-12)
