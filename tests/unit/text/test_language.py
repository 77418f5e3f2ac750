import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.text.language import can_be_spoken, detect_language

DEFAULT = "zh"


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
    assert detect_language(text, "xx") == language


@pytest.mark.parametrize("text", ["666", "233333", "1:0", "６６６", "100%"])
def test_numbers_are_spoken_in_the_default_language(text: str) -> None:
    assert can_be_spoken(text)
    assert detect_language(text, "de") == "de"


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
    assert detect_language(text, DEFAULT) == DEFAULT


def test_a_word_beside_a_face_is_speech_in_its_own_language() -> None:
    assert detect_language("(°∀°)ﾉ 来了来了", "en") == "zh"
    assert detect_language("hello (=・ω・=)", "zh") == "en"


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert detect_language(text, DEFAULT)
    assert isinstance(can_be_spoken(text), bool)
