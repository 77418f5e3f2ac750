import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from danmu_tts.text.clean import clean
from danmu_tts.text.split import split_for_speech

MAX_PIECE_CHARS = 180
PLACE_TO_CUT = re.compile(r"[\s\u3040-\u9fff]\w")
CHAT = st.text(st.sampled_from("好的主播加油ab Zc19 ,.!?:;，。！？、；…“”)）'\"\n"), max_size=400).map(clean)
NUMBERS = st.from_regex(
    r"[1-9]\d{0,2}(,\d{3}){1,2}|\d{1,3}\.\d{1,3}|\d{1,2}:\d{2}", fullmatch=True, alphabet="0123456789,.:"
)


def word_characters(text: str) -> list[str]:
    return [char for char in text if char.isalnum()]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("哈哈哈", ["哈哈哈"]),
        ("你好，欢迎来到直播间。", ["你好，", "欢迎来到直播间。"]),
        (
            "你好，欢迎来到直播间。今天玩什么？随便，都行！",
            ["你好，", "欢迎来到直播间。", "今天玩什么？", "随便，都行！"],
        ),
        ("啊，你来了，坐。", ["啊，你来了，", "坐。"]),
        ("啊。你来了，坐。", ["啊。你来了，", "坐。"]),
        ("Hello, world. See you!", ["Hello,", "world.", "See you!"]),
        ("他说：“来了。”然后走了", ["他说：", "“来了。”", "然后走了"]),
        ("等等……真的吗", ["等等……", "真的吗"]),
        ("第一行\n第二行", ["第一行", "第二行"]),
        ("版本v1.2.3发布了，快更新", ["版本v1.2.3发布了，", "快更新"]),
        ("真的假的？！！", ["真的假的？！！"]),
        ("好的。😂😂😂", ["好的。"]),
        ("12：30开播了", ["12：30开播了"]),
        ("10：00见", ["10：00见"]),
    ],
)
def test_first_the_opening_clause_then_what_grows(text: str, pieces: list[str]) -> None:
    assert split_for_speech(text) == pieces


@pytest.mark.parametrize("text", ["", "！！！", "…", "😂", "\n", "__", "、", "！、", "「」", "。。。"])
def test_nothing_to_say_is_no_piece(text: str) -> None:
    assert split_for_speech(text) == []


@given(CHAT | st.text(max_size=400).map(clean))
def test_every_word_is_in_a_piece_in_order(text: str) -> None:
    assert word_characters("".join(split_for_speech(text))) == word_characters(text)


@given(st.text(st.sampled_from("好的主播ab19 ,.!?:;，！？；😂\n"), max_size=400).map(clean))
def test_every_piece_holds_a_word(text: str) -> None:
    assert all(word_characters(piece) for piece in split_for_speech(text))


@given(CHAT.map(lambda text: text * 4))
@example("a" * 400)
@example("好" * 200 + "1,000," * 60)
def test_a_piece_is_longer_than_a_voice_likes_only_where_it_cannot_be_cut(text: str) -> None:
    too_long = [piece for piece in split_for_speech(text) if len(piece) > MAX_PIECE_CHARS]
    assert not [piece for piece in too_long if PLACE_TO_CUT.search(piece)]


@given(CHAT)
def test_the_same_text_is_always_cut_the_same(text: str) -> None:
    assert split_for_speech(text) == split_for_speech(text)


@given(
    st.text(st.sampled_from("好的你呢ab，。 "), max_size=30),
    NUMBERS,
    st.text(st.sampled_from("分人点了，。 "), max_size=30),
)
def test_a_number_stays_whole(before: str, number: str, after: str) -> None:
    text = clean(f"{before} {number}{after}")
    assert any(number in piece for piece in split_for_speech(text))


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    clause = "这是一个不算太短的分句"
    pieces = split_for_speech("，".join([clause] * 60))
    assert len(pieces) > 3
    assert all(piece.rstrip("，").endswith(clause) for piece in pieces)


def test_long_text_without_punctuation_is_cut_between_words() -> None:
    words = [f"word{number}" for number in range(120)]
    pieces = split_for_speech(" ".join(words))
    assert len(pieces) > 3
    assert " ".join(pieces).split() == words


def test_a_piece_is_made_while_the_one_before_it_is_heard() -> None:
    clauses = [
        "今天真的是太开心了，",
        "和大家一起看了这么久，",
        "从早上一直到现在，",
        "我都没有离开过，",
        "你们每一个人都很可爱，",
        "希望还能再见，",
    ]
    pieces = split_for_speech("".join(clauses * 3) + "晚安。")
    assert "".join(pieces) == "".join(clauses * 3) + "晚安。"
    assert all(len(later) <= max(16, 2 * len(earlier) + 2) for earlier, later in pairwise(pieces))


def test_short_sentences_stay_whole() -> None:
    assert split_for_speech("好的，今天我们来看看，这个怎么样？") == ["好的，", "今天我们来看看，这个怎么样？"]


def test_long_text_is_cut_into_even_pieces() -> None:
    lengths = [len(piece) for piece in split_for_speech("好" * 500)]
    assert max(lengths) - min(lengths) <= 1


@given(st.integers(150, 200), st.sampled_from(["一百二十三万四千五百六十七", "二零二一", "3,141,592"]))
def test_no_number_is_cut_in_hanzi_without_a_break(before: int, number: str) -> None:
    pieces = split_for_speech("好" * before + number + "好" * 200)
    assert any(number in piece for piece in pieces)


def test_a_flood_of_letters_is_cut_somewhere_and_kept_whole() -> None:
    pieces = split_for_speech("a" * 4000)
    assert "".join(pieces) == "a" * 4000
    assert max(map(len, pieces)) <= MAX_PIECE_CHARS


def test_long_hanzi_without_any_break_are_cut_between_characters() -> None:
    pieces = split_for_speech("好" * 500)
    assert "".join(pieces) == "好" * 500
    assert max(map(len, pieces)) <= MAX_PIECE_CHARS
