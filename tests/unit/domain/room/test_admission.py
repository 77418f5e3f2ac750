"""What is spoken, what is merged, what is let go."""

from collections.abc import Callable

import pytest

from danmu_tts.domain.room.values import Audience, Danmu, Kind, Rank, Reason, Words
from tests.builders.room import RoomBench, a_danmu, a_gift, a_superchat, accounted


def test_what_comes_waits() -> None:
    room = RoomBench()
    (fate,) = room.send(a_danmu("你好", id="a"))
    assert (fate.into, fate.merged, fate.count, fate.reason) == ("a", False, 1, None)
    assert room.spoken() == ["a"]


def test_equal_danmu_of_a_window_are_one_utterance_that_counts_them() -> None:
    room = RoomBench()
    room.send(a_danmu("哈哈哈", id="first"))
    room.pass_ms(3000)
    fates = room.send(*(a_danmu("哈哈哈") for _ in range(11)))
    assert {fate.into for fate in fates} == {"first"}
    assert [fate.count for fate in fates] == list(range(2, 13))
    spoken = room.speak()
    assert spoken
    assert (spoken.count, spoken.people) == (12, 12)
    assert room.speak() is None


def test_a_viewer_who_repeats_himself_is_one_person() -> None:
    room = RoomBench()
    room.send(*(a_danmu("哈哈哈", "v1") for _ in range(5)))
    spoken = room.speak()
    assert spoken
    assert (spoken.count, spoken.people) == (5, 1)


def test_danmu_of_nobody_known_are_of_so_many_people() -> None:
    room = RoomBench()
    room.send(*(Danmu(f"d{number}", Kind.DANMU, "", Words(text="哈哈"), key="哈哈") for number in range(3)))
    spoken = room.speak()
    assert spoken
    assert spoken.people == 3


def test_after_the_window_the_same_is_said_again() -> None:
    room = RoomBench(merge_window_ms=10_000)
    room.send(a_danmu("哈哈哈", id="a"))
    room.pass_ms(10_001)
    room.send(a_danmu("哈哈哈", id="b"))
    assert room.spoken() == ["b", "a"]


@pytest.mark.parametrize("do", [RoomBench.take, RoomBench.start, RoomBench.speak], ids=["made", "playing", "spoken"])
def test_what_is_said_just_now_is_not_said_again(do: Callable[[RoomBench], object]) -> None:
    room = RoomBench()
    room.send(a_danmu("哈哈哈", id="a"))
    do(room)
    (fate,) = room.send(a_danmu("哈哈哈"))
    assert (fate.into, fate.merged, fate.count) == ("a", True, 2)
    assert [each.count for each in room.changes.merged] == [2]
    assert not room.state.waiting


def test_a_superchat_is_never_merged() -> None:
    room = RoomBench()
    room.send(a_superchat("加油", id="a"), a_superchat("加油", id="b"))
    assert room.spoken() == ["a", "b"]


def test_the_more_valuable_goes_first() -> None:
    room = RoomBench()
    room.send(
        a_danmu(id="plain"),
        a_danmu(id="medal", medal=3),
        a_gift("v1", id="gift"),
        a_danmu(id="guard", kind=Kind.GUARD, paid=True),
        a_superchat(id="superchat"),
        a_gift("v2", id="free gift", paid=False),
    )
    assert room.spoken()[:4] == ["superchat", "guard", "gift", "medal"]


def test_of_plain_danmu_the_freshest_goes_first_and_of_paid_ones_the_oldest() -> None:
    room = RoomBench()
    for number in range(3):
        room.send(a_danmu(id=f"plain {number}"), a_superchat(id=f"paid {number}"))
        room.pass_ms(100)
    assert room.spoken() == ["paid 0", "paid 1", "paid 2", "plain 2", "plain 1", "plain 0"]


def test_a_viewer_at_twenty_a_second_gets_no_more_than_a_fair_share_twice() -> None:
    room = RoomBench(per_viewer=3)
    spoken: dict[str, int] = {}
    for second in range(600):
        room.send(*(a_danmu(viewer="flood") for _ in range(20)))
        room.send(*(a_danmu(viewer=f"v{(second * 7 + number) % 50}") for number in range(10)))
        if second % 3 == 0 and (taken := room.speak()):
            spoken[taken.viewer] = spoken.get(taken.viewer, 0) + 1
        else:
            room.pass_ms(1000)
    fair_share = sum(spoken.values()) / 51
    assert spoken["flood"] <= 2 * fair_share
    assert len(spoken) == 51


def test_a_viewers_own_newer_danmu_takes_the_oldest_ones_place() -> None:
    room = RoomBench(per_viewer=2)
    for name in "abc":
        room.send(a_danmu(id=name, viewer="v"))
        room.pass_ms(10)
    assert room.spoken() == ["c", "b"]
    assert room.changes.dropped == {Reason.VIEWER_LIMIT: ["a"]}


def test_a_batch_is_told_what_had_to_go_for_what_came_after_it() -> None:
    room = RoomBench(per_viewer=1)
    fates = room.send(a_danmu(viewer="v"), a_danmu(viewer="v", id="last"))
    assert [fate.reason for fate in fates] == [Reason.VIEWER_LIMIT, None]


def test_what_waits_is_bound_by_its_speaking_time_and_the_least_valuable_goes() -> None:
    room = RoomBench(waiting_ms=10_000)
    room.send(*(a_danmu(id=f"plain {number}", weight=10) for number in range(4)))
    assert room.state.backlog_ms <= 10_000
    assert len(room.state.waiting) == 3
    room.send(a_danmu(id="long", medal=1, weight=25))
    assert [each.id for each in room.state.waiting] == ["long", "plain 0"]
    assert len(room.changes.dropped[Reason.QUEUE_FULL]) == 3


def test_what_was_paid_for_is_not_dropped_for_what_was_not() -> None:
    room = RoomBench(waiting_ms=5_000)
    room.send(*(a_superchat(weight=20) for _ in range(20)))
    room.send(*(a_danmu() for _ in range(50)))
    assert len([each for each in room.state.waiting if each.rank is Rank.SUPERCHAT]) == 20
    assert room.state.tally.dropped == {"queue_full": 50}


def test_one_long_danmu_does_not_hold_the_room_unless_it_was_paid_for() -> None:
    room = RoomBench(longest_ms=15_000)
    room.send(*(a_danmu() for _ in range(5)))
    (long, paid) = room.send(a_danmu(weight=500), a_superchat(weight=500))
    assert (long.reason, paid.reason) == (Reason.TOO_LONG, None)
    assert room.state.tally.dropped == {"too_long": 1, "queue_full": 5}  # behind what was paid for there is no time


def test_one_long_danmu_leaves_the_others_waiting() -> None:
    room = RoomBench(longest_ms=15_000)
    room.send(*(a_danmu() for _ in range(5)))
    room.send(a_danmu(weight=500))
    assert len(room.state.waiting) == 5


def test_what_is_too_late_is_dropped_and_never_spoken() -> None:
    room = RoomBench(deadlines_ms=dict.fromkeys(Kind, 15000))
    room.send(a_danmu(id="a"))
    room.pass_ms(15_001)
    assert room.speak() is None
    assert room.changes.dropped == {Reason.EXPIRED: ["a"]}


def test_what_a_platform_held_back_for_too_long_is_too_late_when_it_comes() -> None:
    room = RoomBench()
    (late, good) = room.send(a_danmu(sent_at_ms=room.now_ms - 75_001), a_danmu(sent_at_ms=room.now_ms - 75_000))
    assert (late.reason, good.reason) == (Reason.EXPIRED, None)


def test_gifts_of_a_combo_are_thanked_for_once_when_no_more_come() -> None:
    room = RoomBench()
    for number in range(5):
        room.send(a_gift("v", id=f"g{number}", key="gift/combo", count=10, settle_ms=3000))
        assert room.take() is None
        room.pass_ms(2000)
    room.pass_ms(1001)
    spoken = room.speak()
    assert spoken
    assert (spoken.id, spoken.count, spoken.people) == ("g0", 50, 1)


def test_gifts_after_the_thanks_are_thanked_for_again() -> None:
    room = RoomBench()
    room.send(a_gift("v", id="a", settle_ms=1000))
    room.pass_ms(1001)
    room.start()
    room.send(a_gift("v", id="b", settle_ms=1000))
    assert [each.id for each in room.state.waiting] == ["b"]


@pytest.mark.parametrize("settle_ms", [5_000, 60_000])
def test_a_combo_can_be_spoken_however_soon_gifts_grow_old(settle_ms: int) -> None:
    room = RoomBench(deadlines_ms=dict.fromkeys(Kind, 5_000))
    room.send(a_gift("v", id="g", settle_ms=settle_ms))
    room.pass_ms(min(settle_ms, 20_000))
    assert room.spoken() == ["g"]


def test_a_combo_that_never_ends_is_spoken_all_the_same() -> None:
    room = RoomBench()
    for number in range(12):
        room.send(a_gift("v", id=f"g{number}", settle_ms=3000))
        room.pass_ms(2000)
    assert room.take() is not None


@pytest.mark.parametrize(
    ("rules", "fields", "reason"),
    [
        ({"kinds": frozenset({Kind.DANMU})}, {"kind": Kind.GIFT, "paid": True}, Reason.KIND_OFF),
        ({"audience": Audience.MEDAL, "medal_from": 5}, {"medal": 4}, Reason.AUDIENCE),
        ({"audience": Audience.GUARD}, {"medal": 40}, Reason.AUDIENCE),
        ({"audience": Audience.PAID}, {"guard": 3}, Reason.AUDIENCE),
        ({"audience": Audience.PAID}, {"kind": Kind.GIFT}, Reason.AUDIENCE),
        ({"blocked_viewers": frozenset({"bad"})}, {"viewer": "bad"}, Reason.BLOCKED_VIEWER),
        ({}, {"refused": Reason.CONTENT_BLOCKED}, Reason.CONTENT_BLOCKED),
    ],
)
def test_what_the_room_does_not_want_is_refused_with_the_reason(
    rules: dict[str, object], fields: dict[str, object], reason: Reason
) -> None:
    room = RoomBench(**rules)
    (fate,) = room.send(a_danmu(**fields))  # type: ignore[arg-type]
    assert fate.reason is reason
    assert room.state.tally.dropped == {reason.value: 1}


@pytest.mark.parametrize(
    ("rules", "fields"),
    [
        ({"audience": Audience.MEDAL, "medal_from": 5}, {"medal": 5}),
        ({"audience": Audience.GUARD}, {"guard": 3}),
        ({"audience": Audience.PAID}, {"kind": Kind.SUPERCHAT, "paid": True}),
    ],
)
def test_what_the_room_wants_is_let_in(rules: dict[str, object], fields: dict[str, object]) -> None:
    (fate,) = RoomBench(**rules).send(a_danmu(**fields))  # type: ignore[arg-type]
    assert fate.into


def test_words_that_were_paid_for_are_worth_a_gift_and_never_sampled() -> None:
    room = RoomBench(every_nth=3, audience=Audience.PAID)
    fates = room.send(*(a_danmu(paid=True) for _ in range(6)))
    assert all(fate.into for fate in fates)
    assert {each.rank for each in room.state.waiting} == {Rank.GIFT}


def test_without_a_window_nothing_merges() -> None:
    room = RoomBench(merge_window_ms=0)
    assert not any(fate.merged for fate in room.send(*(a_danmu("哈哈哈") for _ in range(3))))


def test_a_faster_voice_lets_more_wait() -> None:
    backlogs = []
    for speed in (1.0, 2.0):
        room = RoomBench(speed=speed)
        room.send(a_danmu(weight=20))
        backlogs.append(room.state.backlog_ms)
    assert backlogs[0] == 2 * backlogs[1]


def test_sampling_takes_every_nth_and_never_what_was_paid_for() -> None:
    room = RoomBench(every_nth=3, waiting_ms=600_000)
    fates = room.send(*(a_danmu() for _ in range(9)), *(a_superchat() for _ in range(4)))
    assert [fate.reason is None for fate in fates[:9]] == [True, False, False] * 3
    assert all(fate.into for fate in fates[9:])


def test_a_danmu_that_comes_twice_counts_once() -> None:
    room = RoomBench()
    danmu = a_danmu(id="a")
    room.send(danmu)
    (fate,) = room.send(danmu)
    assert fate.reason is Reason.DUPLICATE
    assert room.spoken() == ["a"]
    assert (room.state.tally.arrived, room.state.tally.spoken, room.state.tally.dropped) == (1, 1, {})


def test_one_that_still_waits_is_known_however_much_came_since() -> None:
    room = RoomBench()
    danmu = a_superchat(id="a")
    room.send(danmu)
    for _ in range(50):
        room.send(*(a_danmu() for _ in range(200)))
    (fate,) = room.send(danmu)
    assert fate.reason is Reason.DUPLICATE


def test_each_danmu_ends_in_exactly_one_way() -> None:
    room = RoomBench(waiting_ms=8_000, every_nth=2, per_viewer=2)
    for second in range(120):
        room.send(
            *(a_danmu("哈哈哈") for _ in range(3)),
            *(a_danmu(viewer=f"v{second % 4}") for _ in range(4)),
            a_gift(f"v{second % 3}", settle_ms=2000),
        )
        if second % 2:
            room.speak()
        else:
            room.pass_ms(1000)
    room.spoken()
    assert room.state.tally.arrived == 120 * 8
    assert accounted(room.state.tally) == 120 * 8
