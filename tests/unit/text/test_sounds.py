import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from danmu_tts.adapters.reading import tables
from danmu_tts.text.sounds import Sounds
from tests.builders.reading import reader

CHAT = st.text("可爱嘉然主播哈abAB12！，。 ~", max_size=20)


def key(text: str) -> str:
    return reader().collapse_key(reader().read(text))


@pytest.mark.parametrize(
    "alike",
    [
        ("可爱", "可爱可爱可爱", "可爱！！！", "可 爱", "可爱~", "（可爱）", "可爱可爱可爱可爱可爱可爱可爱可爱"),
        ("哈哈哈", "哈哈哈哈哈哈哈哈", "hhhh", "哈", "哈哈哈！", "hhhhhhhhhhhhh"),
        ("666", "６６６", "6666666666", "六六六"),
        ("233", "2333333", "２３３"),
        ("嘉然我的嘉然", "加然我的加然", "嘉然，我的嘉然", "嘉然我的嘉然嘉然我的嘉然"),
        ("主播牛", "主播牛！", "煮播牛", "主播流"),
        ("GG", "gg", "ＧＧ", "gg!!!"),
        ("草", "艹", "草草草草草"),
        ("这个", "這個"),
        ("是真的吗", "四真的吗", "是正的吗"),
        ("カワイイ", "ｶﾜｲｲ", "かわいい", "カワイイ！"),
    ],
)
def test_equal_danmu_have_one_key(alike: tuple[str, ...]) -> None:
    assert len({key(text) for text in alike}) == 1, {text: key(text) for text in alike}
    assert key(alike[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [("可爱", "可恶"), ("1", "2"), ("3:2", "2:3"), ("嘉然", "向晚"), ("gg", "wp"), ("好听", "难听"), ("来了", "走了")],
)
def test_different_danmu_have_different_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_a_key_can_be_read() -> None:
    assert key("可爱！") == "ke'ai'"
    assert key("GG 主播") == "gzu'bo'"


@pytest.mark.parametrize("text", ["", "？？？", "😂", "(￣3￣)"])
def test_what_says_nothing_has_no_key(text: str) -> None:
    assert key(text) == ""


@given(CHAT)
def test_marks_width_and_case_are_not_in_it(text: str) -> None:
    sounds = tables.sounds()
    assert sounds.collapse_key(text) == sounds.collapse_key(text.upper() + "！")
    assert sounds.collapse_key(text) == sounds.collapse_key(unicodedata.normalize("NFKC", text))


def pinyin(hanzi: str) -> str:
    sounds = tables.sounds()
    return sounds.spelling(hanzi.translate(sounds.folding({})))


def test_every_hanzi_sounds_as_the_library_says() -> None:
    table = [char for char in map(chr, range(0x4E00, 0xA000)) if pinyin(char) != char]
    assert len(table) > 20_000
    assert [char for char in table if pinyin(char) != lazy_pinyin(char)[0]] == []


@pytest.mark.parametrize(("letters", "hanzi"), [("nihao", "你好"), ("XIAN", "先"), ("shabi", "沙比"), ("lv", "绿")])
def test_letters_that_are_pinyin_are_syllables(letters: str, hanzi: str) -> None:
    sounds = tables.sounds()
    assert sounds.spelling(sounds.syllables(letters)) == letters.lower()
    assert sounds.syllables(letters) == hanzi.translate(sounds.folding({}))


@pytest.mark.parametrize("letters", ["hello", "vvv", "nihaox", ""])
def test_other_letters_are_none(letters: str) -> None:
    assert tables.sounds().syllables(letters) == ""


def test_comments_in_a_table_are_no_syllables() -> None:
    sounds = Sounds.parse("# a comment\nba 八巴\nma 妈\n")
    first, same, other = list("八巴妈".translate(sounds.folding({})))
    assert first == same != other
