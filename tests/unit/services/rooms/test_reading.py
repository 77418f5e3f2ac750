"""Events as the policy takes them."""

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.bootstrap.data import packaged
from danmu_tts.domain.room import speaking
from danmu_tts.domain.room.values import Danmu, Kind, Rank, Reason
from danmu_tts.services.rooms.reading import EventReader
from danmu_tts.text.room_words import RoomWords
from speech_contract.events import Combo, Event, EventKind
from speech_contract.rooms import RoomSettings
from tests.builders.reading import reader
from tests.builders.room import RoomBench

LANGUAGES = {"a:zh": "zh", "b:zh": "zh", "c:en": "en", "d:any": "mul"}


def read(event: Event, **settings: Any) -> Danmu:
    numbers = count()
    words = RoomWords(packaged("rooms/words.json"))
    made = EventReader(reader(), RoomSettings(**settings), words, LANGUAGES, lambda: f"new-{next(numbers)}")
    return made.read(event)


def test_near_equal_danmu_have_one_key() -> None:
    keys = {read(Event(text=text)).key for text in ("哈哈哈", "哈哈哈哈哈哈", "哈哈！！", " 哈 哈 哈 ")}
    assert len(keys) == 1
    assert read(Event(text="嘻嘻嘻")).key not in keys


def test_forty_near_equal_danmu_in_five_seconds_are_spoken_once_with_the_right_count() -> None:
    room = RoomBench()
    room.send(read(Event(id="other", text="主播晚上好")))
    playing = room.start()
    for number in range(40):
        text = "哈" * (2 + number % 5) + ("！" if number % 2 else " ")
        room.send(read(Event(id=f"d{number}", viewer=f"v{number}", text=text)))
        room.pass_ms(125)
    speaking.heard(room.state, playing.id, room.now_ms, room.changes)
    spoken = room.speak()
    assert spoken
    assert (spoken.id, spoken.count, spoken.people) == ("d0", 40, 40)
    assert room.speak() is None


def test_numbers_alone_have_keys_of_their_own() -> None:
    assert read(Event(text="666")).key != read(Event(text="233")).key


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (Event(text="！！！"), Reason.NOTHING_TO_SAY),
        (Event(text="你好", mirror=True), Reason.MIRROR),
        (Event(text="今天吃ＴＯＭＡＴＯ"), Reason.BLOCKED_WORD),
        (Event(text="死全家"), Reason.CONTENT_BLOCKED),
        (Event(kind=EventKind.SUPERCHAT, text="死全家", amount=30), Reason.CONTENT_BLOCKED),
    ],
)
def test_what_may_not_be_spoken_says_why(event: Event, reason: Reason) -> None:
    assert read(event, blocked_words=["tomato"]).refused is reason


def test_a_gift_needs_no_words() -> None:
    assert read(Event(kind=EventKind.GIFT, gift="小花花")).refused is None


def test_gifts_of_a_combo_or_of_one_viewer_and_kind_have_one_key() -> None:
    combo = Combo(id="c1", timeout_ms=3000)
    in_combo = [read(Event(kind=EventKind.GIFT, viewer=viewer, gift="花", combo=combo)) for viewer in ("a", "b")]
    assert in_combo[0].key == in_combo[1].key
    assert in_combo[0].settle_ms == 3000
    alone = [read(Event(kind=EventKind.GIFT, viewer=viewer, gift="花")) for viewer in ("a", "a", "b")]
    assert alone[0].key == alone[1].key != alone[2].key


@pytest.mark.parametrize(
    ("event", "rank"),
    [
        (Event(text="你好"), Rank.PLAIN),
        (Event(text="你好", medal=1), Rank.MEDAL),
        (Event(text="你好", guard=3), Rank.MEDAL),
        (Event(kind=EventKind.GIFT), Rank.PLAIN),
        (Event(kind=EventKind.GIFT, amount=0.1), Rank.GIFT),
        (Event(kind=EventKind.GUARD, amount=198), Rank.GUARD),
        (Event(kind=EventKind.SUPERCHAT, amount=30), Rank.SUPERCHAT),
        (Event(kind=EventKind.FOLLOW), Rank.PLAIN),
    ],
)
def test_value_is_by_what_was_done(event: Event, rank: Rank) -> None:
    assert read(event).rank is rank


def test_a_name_that_the_filter_does_not_let_through_is_not_said() -> None:
    assert read(Event(text="你好", name="死全家")).words.name == ""
    assert read(Event(text="你好", name="小明")).words.name == "小明"


@pytest.mark.parametrize("text", ["加微信", "加\u200b微信", "加 微 信", "加.微.信", "加－微信"])
def test_no_sign_hides_a_blocked_word(text: str) -> None:
    assert read(Event(text=f"大家{text}看看"), blocked_words=["加微信"]).refused is Reason.BLOCKED_WORD


def test_names_are_blocked_as_words_are_and_stand_for_nobody_in_the_clear() -> None:
    words = read(Event(text="你好", name="加微信123", reply_to="死全家", gift="死全家"), blocked_words=["加微信"]).words
    assert (words.name, words.reply_to, words.gift) == ("", "", "")
    assert "死全家" not in read(Event(text="你好", name="死全家")).viewer


def test_a_viewer_has_a_voice_of_the_lines_language() -> None:
    voices = list(LANGUAGES)
    chinese = {read(Event(text="你好啊", viewer=f"v{number}"), voices=voices).voice for number in range(40)}
    english = {read(Event(text="good evening", viewer=f"v{number}"), voices=voices).voice for number in range(40)}
    assert chinese == {"a:zh", "b:zh", "d:any"}
    assert english == {"c:en", "d:any"}
    assert read(Event(text="你好啊", viewer="v1"), voices=voices, viewer_voices={"v1": "x:own"}).voice == "x:own"
    assert read(Event(text="你好啊", viewer="v1")).voice == ""


def test_the_longer_it_takes_to_say_the_more_it_weighs() -> None:
    short, long = read(Event(text="你好")), read(Event(text="今天的天气真是好得不得了", name="小明"))
    named = read(Event(text="你好", name="小明"), names=True)
    assert (short.weight, long.weight) == (2, 12)
    assert named.weight == 5


def test_an_event_without_an_id_gets_one() -> None:
    assert read(Event(text="你好")).id == "new-0"


@given(st.builds(Event, text=st.text(max_size=60), name=st.text(max_size=20), kind=st.sampled_from(EventKind)))
def test_whatever_comes_is_read(event: Event) -> None:
    danmu = read(event, names=True)
    assert danmu.weight >= 1
    assert danmu.kind is Kind(event.kind.value)
