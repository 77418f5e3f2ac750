from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.text.terms import Action, Category, Mask
from tests.builders.reading import reader, reader_with

HIDDEN = ["傻逼", "fuck", "13800138000"]
PIECES = [*HIDDEN, "哈哈哈哈哈", "3:2", "[doge]", "that was nice", "，", "awsl", "😂", "！！！", "你好"]
CHAT = st.lists(st.sampled_from(PIECES), max_size=10).map(" ".join)
LANGUAGES = [("zh-CN", "三比二"), ("en", "3 to 2"), ("ja", "3:2"), (None, "三比二")]


def test_what_is_masked_is_heard_as_another_word_and_shown_as_asterisks() -> None:
    reading = reader().read("主播傻 逼吗？？？")
    assert reading.spoken == "主播哔吗？"
    assert reading.shown == "主播***吗？？？"
    assert reading.verdict.action is Action.MASK


def test_what_is_masked_in_english_is_an_english_word() -> None:
    assert reader().read("that is bullsh1t man").spoken == "that is beep man"


def test_a_line_that_is_dropped_has_nothing_to_say_or_to_show() -> None:
    reading = reader().read("主播你妈死了")
    assert (reading.spoken, reading.spans, reading.alignment) == ("", (), ())
    assert set(reading.shown) == {"*"}
    assert (reading.verdict.action, reading.verdict.categories) == (Action.DROP, (Category.HARASSMENT,))


def test_the_strongest_action_is_taken() -> None:
    assert reader().read("傻逼 去死吧").verdict.action is Action.DROP


def test_an_action_is_a_choice() -> None:
    assert reader_with(actions={"profanity": "allow"}).read("主播傻逼").spoken == "主播傻逼"
    assert reader_with(actions={"profanity": "drop"}).read("主播傻逼").spoken == ""
    assert reader().read("文化大革命").verdict.action is Action.ALLOW
    assert reader_with(actions={"politics": "mask"}).read("文化大革命").spoken == "哔"


def test_a_tone_may_be_heard_for_it() -> None:
    reading = reader_with(mask=Mask.BEEP).read("你个傻逼，fuck")
    assert [reading.spoken[start:end] for start, end in reading.beeps] == ["哔", "哔"]
    assert reader().read("你个傻逼").beeps == ()


def test_what_nobody_would_hear_is_no_reason() -> None:
    assert reader().read("https://example.com/fuck 好看").spoken == "链接，好看"


def test_what_only_sounds_bad_when_it_is_read_is_found_too() -> None:
    assert reader_with(slang={"zh": {"xdd": "傻逼"}}).read("主播xdd").spoken == "主播哔"


def test_words_and_ordinary_words_can_be_added() -> None:
    own = reader_with(words={"profanity": ["大笨蛋", "noob"]}, allow=["大笨蛋糕"])
    assert own.read("你这大笨蛋").spoken == "你这哔"
    assert own.read("n00b team").spoken == "beep team"
    assert own.read("大笨蛋糕真好吃").spoken == "大笨蛋糕真好吃"


def test_what_one_character_stands_for_is_hidden_with_it() -> None:
    reading = reader_with(emoji="say", words={"profanity": ["大便"]}).read("💩好看")
    assert (reading.shown, reading.verdict.action) == ("*好看", Action.MASK)
    assert "便" not in reading.spoken


def test_an_ending_is_hidden_with_its_word() -> None:
    reading = reader().read("bitches, what a shitty day")
    assert (reading.spoken, reading.shown) == ("beep, what a beep day", "*******, what a ****** day")
    assert reader().read("you absolute fucknuts").spoken == "you absolute beep"


FORMS = [("114514", "114514啊"), ("後悔", "好后悔"), ("バカ", "ばか"), ("Дурак", "дурак")]


@pytest.mark.parametrize(("word", "text"), FORMS)
def test_a_word_of_ones_own_is_found_in_each_of_its_forms(word: str, text: str) -> None:
    assert reader_with(words={"harassment": [word]}).read(text).verdict.action is Action.DROP


@pytest.mark.parametrize("text", ["送了¥\n100", "电量100\n%了", "$\n5", "5\n℃", "5\n:\n3", "-5\n°C"])
@pytest.mark.parametrize("language", [None, "zh", "en"])
def test_a_line_break_parts_a_number_from_what_is_on_the_next_line(text: str, language: str | None) -> None:
    assert reader().read(text, language).spoken


@pytest.mark.parametrize(
    ("choices", "text", "spoken"),
    [
        ({"emoji": "say"}, "好看😂😂", "好看，笑哭了"),
        ({"emoji": "alone"}, "👍", "拇指向上"),
        ({"emoji": "alone"}, "好👍", "好"),
        ({"emotes": "say"}, "好的[doge]", "好的，狗头"),
        ({"emotes": "drop"}, "[doge]", ""),
        ({"links": "drop"}, "看 https://a.cn/b 吧", "看吧"),
        ({"mentions": "drop"}, "@小明 你好", "你好"),
        ({"hashtags": "drop"}, "#抽奖# 中了", "中了"),
        ({"slang": {"zh": {"zbyyds": "主播永远的神"}}}, "ZBYYDS！", "主播永远的神！"),
        ({"slang": {"zh": {"awsl": "阿伟死了"}}}, "awsl", "阿伟死了"),
    ],
)
def test_a_room_may_choose(choices: dict[str, object], text: str, spoken: str) -> None:
    assert reader_with(**choices).read(text).spoken == spoken


@pytest.mark.parametrize(
    ("language", "spoken"), [("zh-CN", "三比二"), ("en", "3 to 2"), ("ja", "3:2"), (None, "三比二")]
)
def test_a_language_that_is_told_is_taken(language: str | None, spoken: str) -> None:
    reading = reader().read("3:2", language)
    assert reading.spoken == spoken
    assert reading.language == (language or "zh").partition("-")[0]


@given(CHAT, st.lists(st.integers(0, 60), max_size=6))
def test_what_is_shown_piece_by_piece_is_the_whole_danmu(text: str, cuts: list[int]) -> None:
    reading = reader_with(actions={"harassment": "mask"}).read(text)
    assert len(reading.shown) == len(text)
    edges = sorted({0, len(reading.spoken), *(cut for cut in cuts if cut <= len(reading.spoken))})
    if len(edges) > 1:
        shown = [reading.shown_for(start, end) for start, end in pairwise(edges)]
        assert "".join(shown) == reading.shown


@given(CHAT)
def test_spans_and_alignment_fit_what_is_said(text: str) -> None:
    reading = reader().read(text)
    assert "".join(span.text for span in reading.spans) == reading.spoken
    assert len(reading.alignment) == len(reading.spoken)
    assert list(reading.alignment) == sorted(reading.alignment)


@given(CHAT)
def test_nothing_that_is_hidden_is_said_or_shown(text: str) -> None:
    reading = reader().read(text)
    for hidden in HIDDEN:
        assert hidden not in reading.spoken
        assert hidden not in reading.shown


def test_a_line_that_comes_again_is_not_read_again() -> None:
    assert reader().read("又来了") is reader().read("又来了")
    assert reader().read("又来了", "ja") is not reader().read("又来了")
    assert reader().read("长" * 201) is not reader().read("长" * 201)


def test_the_steps_are_those_that_changed_something() -> None:
    steps = reader().steps("ＧＧ [doge] 哈哈哈哈哈")
    assert [name for name, _ in steps] == ["clean", "emotes", "repeats", "punctuation"]
    assert steps[-1][1] == reader().read("ＧＧ [doge] 哈哈哈哈哈").spoken
