"""What holds for whatever anybody types."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from danmu_tts.adapters.reading import tables
from danmu_tts.text.aligned import Aligned
from danmu_tts.text.clean import cleaned
from danmu_tts.text.normalise import Normaliser
from danmu_tts.text.rules import ReadingRules, Say
from danmu_tts.text.spans import find_spans

EXAMPLES = 400
PIECES = st.sampled_from(
    [
        *[
            "哈",
            "哈哈哈哈",
            "嘉然",
            "好",
            "的",
            "一",
            "二",
            "三",
            "零",
            "个",
            "年",
            "月",
            "日",
            "点",
            "分",
            "块",
            "万",
            "第",
            "の",
            "かわいい",
            "カ",
            "ｶﾞ",
            "안녕",
            "ㅋㅋㅋㅋ",
            "ㅠㅠ",
            "привет",
            "д",
            "ω",
            "Σ",
        ],
        *[
            "a",
            "b",
            "e",
            "o",
            "h",
            "hh",
            "hhhh",
            "www",
            "nice",
            "that",
            "was",
            "OK",
            "awsl",
            "yyds",
            "3q",
            "idk",
            "lol",
            "w/",
            "can't",
            "iphone",
            "V8",
            "v1",
        ],
        *[
            "@",
            "@a",
            "#",
            "#a#",
            "[doge]",
            "[",
            "]",
            "(",
            ")",
            "（",
            "）",
            "(￣3￣)",
            "Σ(ﾟдﾟ;)",
            "QAQ",
            "T_T",
            ":)",
            ":D",
            "^_^",
            "\\",
            "/",
            "\\嘉然/",
        ],
        *[
            "0",
            "1",
            "2",
            "12",
            "66",
            "233",
            "2333333",
            "100",
            "2021",
            "13800138000",
            "1.5",
            "1,000",
            "3:2",
            "12:30",
            "1v5",
            "50%",
            "¥5",
            "$5",
            "-5℃",
            "5kg",
            "10w",
            "4k",
        ],
        *[
            "+",
            "-",
            "=",
            "*",
            "~",
            "～",
            ".",
            "..",
            "...",
            "。",
            "。。。",
            "，",
            ",",
            "！",
            "!",
            "！！！",
            "？",
            "?!",
            "…",
            "——",
            "：",
            ":",
            ";",
            "'",
            '"',
            "“",
            "”",
            "《",
            "》",
            "→",
            "°",
            "%",
            "&",
            "_",
            "|",
        ],
        *[
            "😂",
            "👍🏽",
            "❤️",
            "★",
            "½",
            "²",
            "①",
            "Ⅶ",
            "㈠",
            "ﷺ",
            "é",
            "z̈",
            "http://a.cn/b",
            "www.a.com",
            "a@b.cn",
            "BV1GJ411x7h7",
            "av170001",
        ],
        *["\u200b", "\u202e", "\x00", "\n", "\t", "\u3000", " ", "  "],
    ]
)
CHAT = st.lists(PIECES, max_size=14).map("".join)
ANY = st.text(st.characters(exclude_categories=[]), max_size=60)
RULES = st.sampled_from(
    [
        ReadingRules(tables.vocabulary()),
        ReadingRules(tables.vocabulary(), emoji=Say.SAY, emotes=Say.SAY),
        ReadingRules(tables.vocabulary(), "en", emoji=Say.ALONE, links=Say.DROP, mentions=Say.DROP, hashtags=Say.DROP),
        ReadingRules(tables.vocabulary(), "ja"),
    ]
)
LANGUAGES = st.sampled_from([None, None, "zh", "en", "ja", "ko", "ru"])


def said(rules: ReadingRules, text: str, language: str | None = None) -> Aligned:
    return Normaliser(rules).normalise(cleaned(text), language)


@settings(max_examples=EXAMPLES)
@given(CHAT | ANY, RULES, LANGUAGES)
def test_what_is_said_is_read_as_it_is_said(text: str, rules: ReadingRules, language: str | None) -> None:
    once = said(rules, text, language).text
    assert said(rules, once, language).text == once


@settings(max_examples=EXAMPLES)
@given(CHAT | ANY | CHAT.map(lambda text: text * 5), RULES, LANGUAGES)
@example("½" * 40, ReadingRules(tables.vocabulary()), None)
@example("😂👍❤" * 20, ReadingRules(tables.vocabulary(), "en", emoji=Say.SAY), None)
def test_it_is_never_much_longer_than_what_was_written(text: str, rules: ReadingRules, language: str | None) -> None:
    assert len(said(rules, text, language).text) <= 2 * len(text) + 20


@settings(max_examples=EXAMPLES)
@given(CHAT | ANY, RULES)
def test_every_character_stands_for_one_of_the_original_in_order(text: str, rules: ReadingRules) -> None:
    read = said(rules, text)
    assert len(read.origins) == len(read.text)
    assert list(read.origins) == sorted(read.origins)
    assert all(0 <= origin < len(text) for origin in read.origins)


@settings(max_examples=EXAMPLES)
@given(CHAT | ANY, RULES)
def test_nothing_unprintable_comes_out(text: str, rules: ReadingRules) -> None:
    read = said(rules, text).text
    assert read == read.strip()
    assert not {unicodedata.category(char) for char in read.replace("\n", "")} & {"Cc", "Cf", "Cn", "Co", "Cs"}


@settings(max_examples=EXAMPLES)
@given(CHAT | ANY, st.sampled_from(["zh", "ja", "en"]))
def test_the_parts_by_language_are_the_whole(text: str, default: str) -> None:
    spans = find_spans(text, default, {"gg"}, {"awsl"}).of(text)
    assert "".join(span.text for span in spans) == text
    assert all(span.text for span in spans)
    assert all(one.language != other.language for one, other in pairwise(spans))


@pytest.mark.parametrize("text", ["", " ", "？？？", "😂😂", "★♪♥", "(￣3￣)", "\x00", "——", "...", "-", "%", "'"])
def test_there_is_nothing_to_say_about_signs_alone(text: str) -> None:
    assert said(ReadingRules(tables.vocabulary()), text).text == ""
