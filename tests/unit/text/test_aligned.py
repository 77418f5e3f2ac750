import re

from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.text.aligned import Aligned

PATTERNS = st.sampled_from([re.compile(pattern) for pattern in ("a+", "b", "[ab]c", r"\s+", "é|a")])
NEW = st.sampled_from(["", "x", "yy", "a", "long word"])
TEXT = st.text("abcé ", max_size=30)


def origins(read: Aligned) -> list[int]:
    return list(read.origins)


def test_a_text_stands_for_itself() -> None:
    assert origins(Aligned("abc")) == [0, 1, 2]


def test_what_replaces_is_spread_over_what_it_replaces() -> None:
    read = Aligned("say awsl now").sub(re.compile("awsl"), "啊我死")
    assert (read.text, origins(read)) == ("say 啊我死 now", [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11])


def test_what_is_as_long_stands_one_for_one() -> None:
    assert origins(Aligned("ab3:2cd").sub(re.compile("3:2"), "三比二")) == list(range(7))


def test_what_is_removed_leaves_its_neighbours_where_they_were() -> None:
    read = Aligned("a[x]b").sub(re.compile(r"\[x\]"), "")
    assert (read.text, origins(read)) == ("ab", [0, 4])


def test_a_match_that_stays_as_it_is_changes_nothing() -> None:
    read = Aligned("aaa")
    assert read.sub(re.compile("a"), lambda match: match[0]) is read


def test_parts_keep_what_they_stand_for() -> None:
    read = Aligned("  ab  ").strip()
    assert (read.text, origins(read)) == ("ab", [2, 3])
    assert origins(read.cut(1, 2)) == [3]
    assert origins(read.replaced(0, 1, "xyz")) == [2, 2, 2, 3]


@given(TEXT, st.lists(st.tuples(PATTERNS, NEW), max_size=4))
def test_it_reads_as_if_the_text_alone_had_been_changed(text: str, changes: list[tuple[re.Pattern[str], str]]) -> None:
    read = Aligned(text)
    for pattern, new in changes:
        read, text = read.sub(pattern, new), pattern.sub(new, text)
    assert read.text == text
    assert len(read.origins) == len(text)
    assert origins(read) == sorted(origins(read))
