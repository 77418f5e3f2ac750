"""What is said of a danmu, and where the viewer's own words are in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.bootstrap.data import packaged
from danmu_tts.domain.room.values import Kind, Rank, RoomUtterance, Words
from danmu_tts.text.room_words import RoomWords, SayingRules

WORDS = RoomWords(packaged("rooms/words.json"))


def an_utterance(
    kind: Kind = Kind.DANMU, count: int = 1, people: int = 1, viewer: str = "v", **words: Any
) -> RoomUtterance:
    written = Words(**{"name": "小明", "text": "你好", "currency": "CNY"} | words)
    return RoomUtterance("a", kind, Rank.PLAIN, "", viewer, written, 1, "", 0, 0, 0, 0, 0, count, people, [])


def said(utterance: RoomUtterance, **rules: Any) -> str:
    return WORDS.say(utterance, SayingRules(**rules)).text


@pytest.mark.parametrize(
    ("utterance", "text"),
    [
        (an_utterance(), "你好"),
        (an_utterance(text="哈哈哈", count=14, people=12), "哈哈哈，12个人"),
        (an_utterance(text="哈哈哈", count=14, people=1), "哈哈哈"),
        (an_utterance(Kind.GIFT, gift="小花花", text=""), "谢谢小明的小花花"),
        (an_utterance(Kind.GIFT, 99, gift="小花花", text=""), "谢谢小明的99个小花花"),
        (an_utterance(Kind.GIFT, name="", text=""), "谢谢一位观众的礼物"),
        (an_utterance(Kind.SUPERCHAT, amount=30), "小明的30元醒目留言，你好"),
        (an_utterance(Kind.SUPERCHAT, amount=4.99, currency="USD", text=" "), "谢谢小明的4.99美元醒目留言"),
        (an_utterance(Kind.SUPERCHAT, amount=5, currency="XYZ"), "小明的5XYZ醒目留言，你好"),
        (an_utterance(Kind.GUARD, gift="舰长", text=""), "感谢小明开通舰长"),
        (an_utterance(Kind.GUARD, 3, gift="舰长", text=""), "感谢小明开通3个月舰长"),
        (an_utterance(Kind.FOLLOW, text=""), "谢谢小明的关注"),
        (an_utterance(Kind.FOLLOW, 5, 5, text=""), "谢谢小明等5个人的关注"),
    ],
)
def test_thanks_and_counts_are_in_the_rooms_language(utterance: RoomUtterance, text: str) -> None:
    assert said(utterance) == text


@pytest.mark.parametrize("language", ["zh", "en", "ja", "ko"])
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("number", [1, 7])
def test_every_kind_is_said_in_every_language(language: str, kind: Kind, number: int) -> None:
    text = said(an_utterance(kind, number, number, gift="花", amount=5), language=language, names=True)
    assert "小明" in text or "你好" in text
    assert "{" not in text


def test_a_name_is_said_where_the_room_wants_it_and_not_of_a_crowd() -> None:
    assert said(an_utterance(), names=True) == "小明说，你好"
    assert said(an_utterance(count=3, people=3), names=True) == "你好，3个人"


@pytest.mark.parametrize("called", ["v", "小明"])
def test_a_nickname_is_said_for_the_id_or_the_name(called: str) -> None:
    assert said(an_utterance(), names=True, nicknames={called: "明哥"}) == "明哥说，你好"


def test_a_rooms_own_template_takes_the_place_of_the_languages() -> None:
    templates = {Kind.GIFT: "{name}投喂{gift}乘{count}，{unknown}"}
    text = said(an_utterance(Kind.GIFT, 3, gift="辣条"), templates=templates)
    assert text == "小明投喂辣条乘3，{unknown}"


def test_a_place_is_filled_once() -> None:
    assert said(an_utterance(text="啊"), templates={Kind.DANMU: "{text}{text}" * 50}) == "啊"


def test_what_a_viewer_writes_is_no_template() -> None:
    utterance = an_utterance(name="{text}", text="{name} {amount} \\1", amount=5)
    assert said(utterance, names=True) == "{text}说，{name} {amount} \\1"


@given(text=st.text(max_size=40), name=st.text(max_size=10), people=st.integers(1, 3), names=st.booleans())
def test_the_viewers_own_words_are_found_in_what_is_said(text: str, name: str, people: int, names: bool) -> None:
    saying = WORDS.say(an_utterance(text=text, name=name, people=people), SayingRules(names=names))
    assert saying.text[saying.start : saying.end] == text
