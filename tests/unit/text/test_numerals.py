import cn2an
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.text.numerals import cardinal, spelled, spelled_phone


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        ("0", "零"),
        ("7", "七"),
        ("10", "十"),
        ("12", "十二"),
        ("20", "二十"),
        ("105", "一百零五"),
        ("110", "一百一十"),
        ("2000", "两千"),
        ("2500", "两千五百"),
        ("10000", "一万"),
        ("12000", "一万二千"),
        ("20000", "两万"),
        ("10010", "一万零一十"),
        ("1000000", "一百万"),
        ("100000001", "一亿零一"),
        ("007", "七"),
    ],
)
def test_numbers_are_said_as_chinese_speakers_say_them(digits: str, said: str) -> None:
    assert cardinal(digits) == said


@given(st.integers(0, 99_999_999))
def test_it_says_what_the_library_says_but_for_two(number: int) -> None:
    """两千 is what is said where 二千 is written; 一十 at the beginning is 十."""
    expected = cn2an.an2cn(number)
    expected = expected[1:] if expected.startswith("一十") else expected
    expected = "两" + expected[1:] if expected.startswith(("二千", "二万")) else expected
    assert cardinal(str(number)) == expected


def test_more_digits_than_anybody_counts_are_spelled() -> None:
    assert cardinal("1234567890123") == "一二三四五六七八九零一二三"


def test_one_is_another_word_on_the_phone() -> None:
    assert spelled("2110") == "二一一零"
    assert spelled_phone("2110") == "二幺幺零"
