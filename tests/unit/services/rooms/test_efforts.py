"""What making takes in a room, as it was seen."""

from danmu_tts.services.rooms.efforts import Efforts
from tests.builders.clock import FakeClock


def test_a_voice_is_free_until_it_is_known_to_cost_and_again_after_a_minute() -> None:
    clock = FakeClock()
    efforts = Efforts(clock)
    efforts.costs("a", "voice")
    assert [efforts.is_free(*each) for each in (("a", "voice"), ("a", "other"), ("b", "voice"))] == [False, True, True]
    clock.advance(61)
    assert efforts.is_free("a", "voice")


def test_more_is_made_ahead_only_where_making_is_slow() -> None:
    efforts = Efforts(FakeClock())
    assert efforts.ahead_ms("unknown") == 0
    efforts.took("slow", 0.8, 1.0)
    efforts.took("quick", 0.2, 1.0)
    assert efforts.ahead_ms("slow") > 0
    assert efforts.ahead_ms("quick") == 0


def test_one_that_had_to_be_loaded_first_is_forgiven() -> None:
    efforts = Efforts(FakeClock())
    efforts.took("a", 1.0, 1.0)
    assert efforts.ahead_ms("a") > 0
    for _ in range(8):
        efforts.took("a", 0.1, 1.0)
    assert efforts.ahead_ms("a") == 0


def test_only_so_many_rooms_are_kept() -> None:
    efforts = Efforts(FakeClock())
    for number in range(10_001):
        efforts.costs(f"room-{number}", "voice")
    assert efforts.is_free("room-0", "voice")
    assert not efforts.is_free("room-1", "voice")
