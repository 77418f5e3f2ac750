import pytest

from gpu_service.scheduling import STANDARD_EVERY, Turns
from gpu_service.tickets import Lane, Ticket
from tests.builders.gpu_flood import flood
from tests.builders.jobs import speech_job


def tickets(count: int, lane: Lane, text: str = "大家好") -> list[Ticket]:
    return [Ticket(speech_job(text), lane) for _ in range(count)]


def test_express_goes_first() -> None:
    express, standard = tickets(2, "express"), tickets(2, "standard")
    assert Turns().choose(express, standard, most_rows=2) == express


def test_rows_that_express_leaves_over_are_standards() -> None:
    express, standard = tickets(1, "express"), tickets(3, "standard")
    assert Turns().choose(express, standard, most_rows=3) == [*express, *standard[:2]]


def test_standard_jobs_of_another_length_do_not_fill_an_express_batch() -> None:
    express, standard = tickets(1, "express"), tickets(3, "standard", "很长的一句话" * 10)
    assert Turns().choose(express, standard, most_rows=3) == express


def test_a_full_express_queue_leaves_every_fourth_batch_to_standard() -> None:
    turns = Turns()
    express, standard = tickets(8, "express"), tickets(8, "standard")
    lanes = [turns.choose(express, standard, most_rows=4)[0].lane for _ in range(2 * STANDARD_EVERY)]
    assert lanes == ["express", "express", "express", "standard"] * 2


def test_standards_turn_is_not_saved_up_while_nothing_of_it_waits() -> None:
    turns = Turns()
    express = tickets(8, "express")
    for _ in range(10):
        turns.choose(express, [], most_rows=4)
    assert turns.choose(express, tickets(1, "standard"), most_rows=4)[0].lane == "express"


def test_nothing_waits() -> None:
    assert Turns().choose([], [], most_rows=4) == []


@pytest.mark.parametrize("express_a_s", [0.2, 1, 4])
def test_express_waits_three_batches_at_most_under_a_flood_of_standard(express_a_s: float) -> None:
    seen = flood(express_a_s)
    print(f"{express_a_s} a second: p95 {seen.p95('express')} batches, standard {seen.standard_share():.0%}")
    assert seen.p95("express") <= 3
    assert seen.standard_share() > 0.3


def test_standard_is_not_starved_by_more_express_than_can_be_said() -> None:
    seen = flood(express_a_s=64)
    assert seen.standard_gap < STANDARD_EVERY
    assert seen.standard_share() > 0.15
