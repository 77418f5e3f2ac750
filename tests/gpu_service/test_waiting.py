import threading

from gpu_service.tickets import Lane, Ticket
from gpu_service.waiting import Batch, Waiting
from tests.builders.gpu_flood import VirtualClock
from tests.builders.jobs import speech_job


def ticket(lane: Lane = "standard", expires_at_ms: int = 10_000) -> Ticket:
    return Ticket(speech_job(expires_at_ms=expires_at_ms), lane)


def test_what_has_expired_takes_nobodys_row() -> None:
    clock = VirtualClock(now_s=5)
    waiting = Waiting(clock, most_rows=1, room=4)
    late, well = ticket(expires_at_ms=5000), ticket(expires_at_ms=5001)
    waiting.add([late, well])
    assert waiting.take(len) == Batch([well], [late])


def test_memory_bounds_a_batch_and_the_rest_waits() -> None:
    waiting = Waiting(VirtualClock(), most_rows=4, room=4)
    first, second = ticket(), ticket()
    waiting.add([first, second])
    assert waiting.take(lambda rows: 1) == Batch([first])
    assert waiting.take(lambda rows: 1) == Batch([second])


def test_a_flood_of_one_lane_takes_no_room_of_another() -> None:
    waiting = Waiting(VirtualClock(), most_rows=2, room=2)
    waiting.add([ticket(), ticket()])
    assert waiting.await_room("standard", timeout_s=0) == 0
    assert waiting.await_room("express", timeout_s=0) == 2


def test_closed_it_gives_what_it_had_and_takes_nothing() -> None:
    waiting = Waiting(VirtualClock(), most_rows=2, room=2)
    held = ticket()
    waiting.add([held])
    assert waiting.close() == [held]
    assert not waiting.add([ticket()])
    assert waiting.await_room("standard") == 0
    assert waiting.take(len) is None


def test_who_waits_for_a_job_hears_of_the_first() -> None:
    waiting, taken = Waiting(VirtualClock(), most_rows=2, room=2), []
    taker = threading.Thread(target=lambda: taken.append(waiting.take(len)))
    taker.start()
    first = ticket()
    waiting.add([first])
    taker.join(10)
    assert taken == [Batch([first])]


def test_the_first_of_several_waits_for_the_others() -> None:
    waiting, taken = Waiting(VirtualClock(), most_rows=2, room=2), []
    taker = threading.Thread(target=lambda: taken.append(waiting.take(len, gather_s=10)))
    taker.start()
    both = ticket("direct"), ticket("direct")
    for one in both:
        waiting.add([one])
    taker.join(10)
    assert taken == [Batch(list(both))]
