import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.text.clean import clean
from danmu_tts.text.scripts import can_be_spoken
from danmu_tts.text.spans import find_spans

DEFAULT = "zh"


def main_language(text: str, default: str) -> str:
    """Of a text as it is after cleaning."""
    return find_spans(clean(text), default).main


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("哈哈哈", "zh"),
        ("草", "zh"),
        ("up主加油", "zh"),
        ("ok好的", "zh"),
        ("这波 nice 啊", "zh"),
        ("主播 yyds！！！", "zh"),
        ("２３３好笑", "zh"),
        ("I love this song 啊", "en"),
        ("awsl", "en"),
        ("gg wp", "en"),
        ("ＯＫ", "en"),
        ("café", "en"),
        ("すごい", "ja"),
        ("カワイイ", "ja"),
        ("ｶﾜｲｲ", "ja"),
        ("可愛いね", "ja"),
        ("今日は最高", "ja"),
        ("안녕하세요", "ko"),
        ("오늘 gg", "ko"),
        ("привет", "ru"),
        ("γειά", "el"),
        ("مرحبا", "ar"),
        ("שלום", "he"),
        ("สวัสดี", "th"),
        ("नमस्ते", "hi"),
    ],
)
def test_script_tells_the_language(text: str, language: str) -> None:
    assert can_be_spoken(text)
    assert main_language(text, "xx") == language


@pytest.mark.parametrize("text", ["666", "233333", "1:0", "６６６", "100%"])
def test_numbers_are_spoken_in_the_default_language(text: str) -> None:
    assert can_be_spoken(text)
    assert main_language(text, "de") == "de"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "…",
        "！！！？？？",
        "~~~",
        "😂😂😂",
        "👍🏽",
        "(°∀°)ﾉ",
        "¯\\_(ツ)_/¯",
        "(=・ω・=)",
        "(´；ω；`)",
        "_",
        "——",
    ],
)
def test_faces_and_punctuation_are_not_speech(text: str) -> None:
    assert not can_be_spoken(text)
    assert main_language(text, DEFAULT) == DEFAULT


def test_a_word_beside_a_face_is_speech_in_its_own_language() -> None:
    assert main_language("(°∀°)ﾉ 来了来了", "en") == "zh"
    assert main_language("hello (=・ω・=)", "zh") == "en"


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert main_language(text, DEFAULT)
    assert isinstance(can_be_spoken(text), bool)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("666", [("666", "zh")]),
        ("主播 that was amazing 再来", [("主播 ", "zh"), ("that was amazing ", "en"), ("再来", "zh")]),
        ("  hello there, 你好", [("  hello there, ", "en"), ("你好", "zh")]),
        ("这波 nice 啊", [("这波 nice 啊", "zh")]),
        ("node.js好难学", [("node.js好难学", "zh")]),
        ("我在玩Elden Ring呢", [("我在玩Elden Ring呢", "zh")]),
        ("舞力还得看まりなす", [("舞力还得看", "zh"), ("まりなす", "ja")]),
        ("天使の微笑", [("天使の微笑", "zh")]),
        ("今日は最高", [("今日は最高", "ja")]),
        ("사랑해요 主播", [("사랑해요 ", "ko"), ("主播", "zh")]),
        ("привет 你好", [("привет ", "ru"), ("你好", "zh")]),
        ("yyds forever", [("yyds forever", "zh")]),
        ("gg wp", [("gg wp", "zh")]),
        ("gg that was close", [("gg that was close", "en")]),
        ("iphone12 hhhh", [("iphone12 hhhh", "zh")]),
    ],
)
def test_each_part_has_a_language(text: str, parts: list[tuple[str, str]]) -> None:
    spans = find_spans(text, DEFAULT, {"gg", "wp"}, {"yyds"})
    assert [(span.text, span.language) for span in spans.of(text)] == parts


def test_han_characters_are_japanese_in_a_japanese_room() -> None:
    assert find_spans("大丈夫", "ja").main == "ja"
    assert find_spans("大丈夫", "zh").main == "zh"


def test_the_language_at_a_character_is_that_of_its_part() -> None:
    text = "主播 that was amazing 再来"
    spans = find_spans(text, DEFAULT)
    assert [spans.language_at(index) for index in (0, 2, 3, 19, 20, len(text) - 1)] == [
        "zh",
        "zh",
        "en",
        "en",
        "zh",
        "zh",
    ]
