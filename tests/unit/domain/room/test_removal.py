"""Taken back, banned, cleared, skipped."""

import pytest

from danmu_tts.domain.room import removal, speaking
from danmu_tts.domain.room.values import Reason
from tests.builders.room import RoomBench, a_danmu, a_superchat, accounted


def test_what_waits_is_taken_out() -> None:
    room = RoomBench()
    room.send(a_danmu(id="a"), a_danmu(id="b"))
    assert removal.retract(room.state, ["a"], room.changes) == 1
    assert room.spoken() == ["b"]
    assert (room.state.tally.retracted, accounted(room.state.tally)) == (1, 2)


@pytest.mark.parametrize("moment", ["made", "sent", "playing"])
def test_what_the_player_has_is_silenced(moment: str) -> None:
    room = RoomBench()
    room.send(a_superchat(id="a"))
    room.take()
    if moment != "made":
        speaking.sent(room.state, "a", "line", "", 1000, 1.0, room.now_ms)
    if moment == "playing":
        speaking.began(room.state, "a", room.now_ms, room.changes)
    assert removal.retract(room.state, ["a"], room.changes) == 1
    assert room.changes.retracted == ["a"]
    assert room.state.hands == []
    speaking.heard(room.state, "a", room.now_ms, room.changes)  # what the player says afterwards changes nothing
    assert (room.state.tally.retracted, accounted(room.state.tally)) == (1, 1)


def test_one_of_many_that_say_the_same_is_one_less() -> None:
    room = RoomBench()
    room.send(*(a_danmu("哈哈哈", id=f"d{number}") for number in range(4)))
    assert removal.retract(room.state, ["d2"], room.changes) == 1
    spoken = room.speak()
    assert spoken
    assert (spoken.count, spoken.people) == (3, 3)
    assert accounted(room.state.tally) == 4


def test_when_the_first_of_many_is_taken_back_the_others_are_spoken_without_its_name() -> None:
    room = RoomBench()
    room.send(a_danmu("哈哈哈", "小明", id="first"), a_danmu("哈哈哈", "小红", id="second"))
    removal.retract(room.state, ["first"], room.changes)
    spoken = room.speak()
    assert spoken
    assert (spoken.words.name, spoken.viewer, spoken.words.text, spoken.count) == ("", "", "哈哈哈", 1)
    assert accounted(room.state.tally) == 2


def test_an_utterance_can_be_taken_back_whole() -> None:
    room = RoomBench()
    room.send(*(a_danmu("哈哈哈", id=f"d{number}") for number in range(4)), a_danmu(id="other"))
    assert removal.withdraw(room.state, "d0", room.changes) == 4
    assert removal.withdraw(room.state, "d1", room.changes) == 0
    assert room.spoken() == ["other"]
    assert (room.state.tally.retracted, accounted(room.state.tally)) == (4, 5)


def test_what_is_taken_back_before_it_comes_is_not_spoken() -> None:
    room = RoomBench()
    assert removal.retract(room.state, ["a"], room.changes) == 0
    (fate,) = room.send(a_danmu(id="a"))
    assert fate.reason is Reason.RETRACTED
    assert room.spoken() == []
    assert (room.state.tally.retracted, room.state.tally.dropped) == (1, {})


def test_as_many_as_may_be_taken_back_at_once_are_remembered() -> None:
    room = RoomBench()
    removal.retract(room.state, [f"x{number}" for number in range(200)], room.changes)
    fates = room.send(*(a_danmu(id=f"x{number}") for number in range(200)))
    assert {fate.reason for fate in fates} == {Reason.RETRACTED}


def test_a_ban_takes_all_of_a_viewers_back() -> None:
    room = RoomBench()
    room.send(a_danmu("哈哈哈", "bad", id="a"), a_danmu("哈哈哈", "good", id="b"), a_danmu("别的", "bad", id="c"))
    room.send(a_superchat("sc", viewer="bad", id="s"))
    room.start()
    assert removal.ban(room.state, ["bad"], room.changes) == 3
    assert room.changes.retracted == ["c", "s"]
    spoken = room.speak()
    assert spoken
    assert (spoken.words.text, spoken.count, spoken.words.name) == ("哈哈哈", 1, "")
    assert room.speak() is None
    assert accounted(room.state.tally) == 4


def test_what_was_taken_back_cannot_be_asked_for_again() -> None:
    room = RoomBench()
    room.send(a_danmu(id="a"))
    room.speak()
    removal.retract(room.state, ["a"], room.changes)
    assert speaking.again(room.state, "a", "a2", room.now_ms) is None


def test_a_clearing_drops_all_that_waits_and_leaves_what_plays() -> None:
    room = RoomBench()
    room.send(*(a_danmu() for _ in range(5)))
    room.start()
    assert removal.clear(room.state, room.changes) == 4
    assert room.state.tally.dropped == {"cleared": 4}
    assert len(room.state.hands) == 1


def test_a_skip_silences_what_plays_and_leaves_what_is_next() -> None:
    room = RoomBench()
    room.send(a_danmu(id="a"))
    room.start()
    room.send(a_danmu(id="b"))
    room.take()
    assert removal.skip(room.state, room.changes)
    assert room.changes.retracted == ["a"]
    assert [hand.utterance.id for hand in room.state.hands] == ["b"]
    assert not removal.skip(RoomBench().state, room.changes)
