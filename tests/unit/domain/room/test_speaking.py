"""A player pulls, and may be gone."""

from danmu_tts.domain.room import removal, speaking
from danmu_tts.domain.room.state import HandStatus
from danmu_tts.domain.room.values import Rank, Reason
from tests.builders.room import RoomBench, a_danmu, a_superchat, accounted


def test_without_a_player_that_is_ready_nothing_is_taken() -> None:
    room = RoomBench()
    room.send(a_danmu())
    assert speaking.take(room.state, room.now_ms, 0, room.changes) is None
    room.ready(credit=False)
    assert speaking.take(room.state, room.now_ms, 0, room.changes) is None


def test_at_most_one_is_ahead_of_what_plays() -> None:
    room = RoomBench()
    room.send(*(a_danmu() for _ in range(4)))
    first = room.start()
    second = room.take()
    assert second
    assert second is not first
    assert room.take() is None


def test_what_could_not_be_begun_in_time_is_left_for_another_moment() -> None:
    room = RoomBench()
    room.send(a_danmu(id="a"))
    room.pass_ms(14_000)
    assert room.take(buffered_ms=2_000) is None
    assert room.take(buffered_ms=500) is not None


def test_a_second_player_waits_its_turn_and_takes_over_when_the_first_is_silent() -> None:
    room = RoomBench()
    assert room.ready("first")
    assert not room.ready("second")
    room.pass_ms(speaking.LEASE_MS)
    assert not room.ready("second")
    room.pass_ms(1)
    assert room.ready("second")
    assert not room.ready("first")


def test_a_new_player_speaks_within_five_seconds_of_the_last_word_of_the_old_one() -> None:
    assert speaking.LEASE_MS + speaking.HEARTBEAT_MS < 5_000


def test_nothing_that_a_player_had_is_spoken_by_the_next_one() -> None:
    room = RoomBench()
    room.send(a_danmu(id="playing"))
    room.start()
    room.send(a_danmu(id="ahead"))
    room.take()
    speaking.sent(room.state, "ahead", "line", "", 1000, 1.0, room.now_ms)
    room.pass_ms(speaking.LEASE_MS + 1)
    assert room.ready("second")
    assert room.state.hands == []
    assert (room.state.tally.spoken, room.state.tally.dropped) == (1, {"player_gone": 1})


def test_what_was_never_sent_to_it_is_spoken_by_the_next_one() -> None:
    room = RoomBench()
    room.send(a_superchat(id="a"))
    room.take()
    room.pass_ms(speaking.LEASE_MS + 1)
    assert room.ready("second", "another line")
    again = speaking.take(room.state, room.now_ms, 0, room.changes)
    assert again
    assert again.id == "a"
    # Whoever made it for the first one comes too late, and takes nothing from the second.
    assert not speaking.sent(room.state, "a", "line", "", 1000, 1.0, room.now_ms)
    speaking.give_up(room.state, "a", Reason.EXPIRED, room.changes, "line")
    assert speaking.sent(room.state, "a", "another line", "", 1000, 1.0, room.now_ms)


def test_a_player_that_comes_back_gets_what_was_lost_on_the_way() -> None:
    room = RoomBench()
    room.send(a_superchat(id="a"))
    room.take()
    speaking.sent(room.state, "a", "line", "", 1000, 1.0, room.now_ms)
    room.pass_ms(20_000)
    assert room.ready(connection="another line")
    again = speaking.take(room.state, room.now_ms, 0, room.changes)
    assert again
    assert again.id == "a"


def test_what_it_had_begun_is_not_spoken_again() -> None:
    room = RoomBench()
    room.send(a_superchat(id="a"))
    room.start()
    room.pass_ms(5_000)
    assert room.ready(connection="another line")
    assert speaking.take(room.state, room.now_ms, 0, room.changes) is None
    assert room.state.tally.spoken == 1


def test_what_it_still_has_after_a_reconnect_is_not_sent_twice() -> None:
    room = RoomBench()
    room.send(a_superchat(id="a"))
    room.take()
    room.ready(connection="another line", holds=["a"])
    assert [hand.utterance.id for hand in room.state.hands] == ["a"]
    assert not room.state.waiting


def test_what_did_not_arrive_within_seconds_is_sent_again_over_the_same_line() -> None:
    room = RoomBench()
    room.send(a_superchat(id="a"))
    room.take()
    speaking.sent(room.state, "a", "line", "", 1000, 1.0, room.now_ms)
    room.pass_ms(2_000)
    room.ready()
    assert not room.state.waiting
    room.pass_ms(2_001)
    room.ready(holds=None)
    assert not room.state.waiting
    room.ready()
    assert [each.id for each in room.state.waiting] == ["a"]


def test_what_was_lost_behind_what_still_plays_is_sent_again() -> None:
    room = RoomBench()
    room.send(a_superchat(id="playing"))
    room.start()
    room.send(a_superchat(id="lost"))
    room.take()
    room.ready(connection="another line", holds=["playing"])
    assert [hand.utterance.id for hand in room.state.hands] == ["playing"]
    assert [each.id for each in room.state.waiting] == ["lost"]


def test_what_was_retracted_while_it_was_made_is_not_wanted_any_more() -> None:
    room = RoomBench()
    room.send(a_danmu(id="a"))
    room.take()
    removal.retract(room.state, ["a"], room.changes)
    assert not speaking.sent(room.state, "a", "line", "", 1000, 1.0, room.now_ms)


def test_what_took_too_long_to_make_is_not_wanted_any_more() -> None:
    room = RoomBench()
    room.send(a_danmu(id="a"))
    room.take()
    room.pass_ms(15_001)
    assert not speaking.sent(room.state, "a", "line", "", 1000, 1.0, room.now_ms)


def test_what_a_maker_died_over_is_made_again_and_does_not_stop_the_room() -> None:
    room = RoomBench()
    room.send(a_superchat(id="a"))
    room.pass_ms(1)
    room.send(a_superchat(id="b"))
    room.take()
    for _ in range(13):
        room.pass_ms(1000)
        room.ready()
    assert room.spoken() == ["a", "b"]


def test_what_could_not_be_made_waits_for_a_better_moment() -> None:
    room = RoomBench()
    room.send(a_superchat(id="a"))
    room.take()
    assert not speaking.put_back(room.state, "a", "another line", room.now_ms + 3000)
    assert speaking.put_back(room.state, "a", "line", room.now_ms + 3000)
    assert room.take() is None
    room.pass_ms(3000)
    assert room.spoken() == ["a"]


def test_lateness_is_from_arrival_to_sound() -> None:
    room = RoomBench()
    room.send(a_danmu())
    room.pass_ms(700)
    room.start()
    assert room.state.tally.lateness_ms == [700]


def test_a_pause_stops_the_next_one() -> None:
    room = RoomBench()
    room.send(a_danmu())
    room.state.paused = True
    assert room.take() is None
    room.state.paused = False
    assert room.take() is not None


def test_one_of_the_last_can_be_asked_for_again_and_goes_before_all_others() -> None:
    room = RoomBench()
    room.send(a_danmu("再来一遍", id="a"))
    room.speak()
    room.send(a_superchat())
    assert speaking.again(room.state, "a", "a2", room.now_ms)
    assert speaking.again(room.state, "unknown", "x", room.now_ms) is None
    spoken = room.speak()
    assert spoken
    assert (spoken.id, spoken.words.text, spoken.rank) == ("a2", "再来一遍", Rank.ASKED)
    room.spoken()
    assert accounted(room.state.tally) == room.state.tally.arrived == 3


def test_what_was_prepared_goes_before_others_of_its_rank_and_not_before_higher_ones() -> None:
    room = RoomBench()
    room.send(a_danmu(id="prepared"))
    room.ready()
    chosen = speaking.prepare(room.state, 1.3, room.now_ms)
    assert chosen
    assert chosen.id == "prepared"
    room.pass_ms(100)
    room.send(a_danmu(id="fresher"), a_superchat(id="paid"))
    assert room.spoken() == ["paid", "prepared", "fresher"]


def prepare(room: RoomBench, ahead_ms: int = 4000) -> str | None:
    chosen = speaking.prepare(room.state, 1.3, room.now_ms, ahead_ms)
    return chosen.id if chosen else None


def test_one_is_prepared_for_a_voice_that_is_quick() -> None:
    room = RoomBench()
    room.send(*(a_danmu(weight=2) for _ in range(9)))
    room.ready()
    assert [prepare(room, 0) is not None for _ in range(2)] == [True, False]


def test_some_are_prepared_and_only_for_a_player_that_is_there() -> None:
    room = RoomBench()
    room.send(*(a_danmu(weight=2) for _ in range(9)))
    assert prepare(room) is None
    room.ready()
    assert [prepare(room) is not None for _ in range(4)] == [True, True, True, False]
    room.take()
    assert prepare(room) is None  # the one that was asked for is made first
    speaking.sent(room.state, room.state.hands[0].utterance.id, "line", "", 1000, 1.0, room.now_ms)
    assert prepare(room)
    room.state.prepared = []
    room.pass_ms(speaking.LEASE_MS + 1)
    assert prepare(room) is None


def test_a_long_one_is_enough() -> None:
    room = RoomBench()
    room.send(a_danmu(weight=40), a_danmu(weight=2))
    room.ready()
    speaking.prepare(room.state, 1.0, room.now_ms, may_be=lambda each: each.weight == 40)
    assert prepare(room) is None


def test_they_are_spoken_in_the_order_in_which_they_were_chosen() -> None:
    room = RoomBench()
    room.send(a_danmu(id="first", viewer="a"))
    room.ready()
    prepare(room)
    room.pass_ms(100)
    room.send(a_danmu(id="second", viewer="b"))
    prepare(room)
    assert room.spoken() == ["first", "second"]


def test_what_may_not_be_prepared_is_passed_over() -> None:
    room = RoomBench()
    room.send(a_danmu(id="free"), a_superchat(id="paid"))
    room.ready()
    chosen = speaking.prepare(room.state, 1.3, room.now_ms, may_be=lambda each: each.id != "paid")
    assert chosen
    assert chosen.id == "free"


def test_what_was_prepared_and_has_grown_is_prepared_anew() -> None:
    room = RoomBench()
    room.send(a_danmu("哈", key="ha", id="crowd"), a_danmu("嗯", key="en", id="other"))
    room.ready()
    speaking.prepare(room.state, 1.3, room.now_ms, may_be=lambda each: each.id == "crowd")
    room.send(a_danmu("哈", key="ha"))
    assert [prepare(room), prepare(room), prepare(room)] == ["crowd", "other", None]


def test_what_is_prepared_does_not_keep_the_more_valuable_from_being() -> None:
    room = RoomBench()
    room.send(a_danmu(id="plain"))
    room.ready()
    assert speaking.prepare(room.state, 1.3, room.now_ms)
    room.send(a_superchat(id="paid"))
    chosen = speaking.prepare(room.state, 1.3, room.now_ms)
    assert chosen
    assert chosen.id == "paid"


def test_what_begins_ends_what_was_heard_before_it() -> None:
    room = RoomBench()
    room.send(a_danmu(id="a"))
    room.start()
    room.send(a_danmu(id="b"))
    room.start()  # the end of the first was never heard of
    assert [hand.utterance.id for hand in room.state.hands] == ["b"]
    assert room.state.tally.spoken == 1


def test_speaking_time_is_learnt_from_what_was_spoken() -> None:
    room = RoomBench()
    room.send(a_danmu(voice="slow", weight=10))
    before_ms = room.state.backlog_ms
    for _ in range(20):
        room.take()
        taken = room.state.hands[0].utterance
        speaking.sent(room.state, taken.id, "line", "slow", 6350, 1.0, room.now_ms)
        speaking.heard(room.state, taken.id, room.now_ms, room.changes)
        room.send(a_danmu(voice="slow", weight=10))
    assert before_ms < 3000
    assert 5800 < room.state.backlog_ms < 6400


def test_a_player_that_wants_nothing_only_keeps_its_place() -> None:
    room = RoomBench()
    room.send(a_danmu())
    room.start()
    room.pass_ms(2000)
    room.ready(credit=False)
    room.pass_ms(2000)
    assert not room.ready("second")
    assert [hand.status for hand in room.state.hands] == [HandStatus.PLAYING]
