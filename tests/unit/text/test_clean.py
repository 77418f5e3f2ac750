import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.text.clean import clean

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


def sounds(text: str) -> str:
    """Numbers by their value, and letters without their width, their accents and the form that they are written in."""
    return "".join(part for char in text if char.isalnum() for part in _plain(char) if part.isalnum())


def _plain(char: str) -> str:
    is_number = char.isdecimal() or unicodedata.category(char) == "Nl"
    value = unicodedata.numeric(char, -1) if is_number else -1
    return str(int(value)) if 0 <= value < 100 else unicodedata.normalize("NFKD", char)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("哈哈哈", "哈哈哈"),
        ("a\x00b\x07c", "abc"),
        ("safe\u202eevil\u2066!\u2069", "safeevil!"),
        ("ze\u200bro\u200d wi\ufeffdth\u2060", "zero width"),
        ("half \ud83d pair", "half pair"),
        ("private \ue000\U000f0000use", "private use"),
        (
            "one\r\ntwo\u2028three\u2029four\x85five\vsix\fseven\n\n\neight",
            "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight",
        ),
        ("\t wide\u3000\u00a0 \t space  ", "wide space"),
        ("\n first\nlast \n", "first\nlast"),
        ("a\n\x00\nb", "a\nb"),
        ("a \u200b b", "a b"),
        ("好👍🏽!", "好👍🏽!"),
        ("６６６ ٣ ٠ ५", "666 3 0 5"),
        ("ＯＫ ｇｇ！", "OK gg！"),
        ("\x00\u200b\ud800", ""),
        ("①⑩⑴㈠ Ⅶ ㎏", "1101一 7 kg"),
        ("ｶﾞ が か\u3099", "ガ が が"),
        ("cafe\u0301 z\u0308\u0308\u0308 1\ufe0f\u20e3", "café z 1"),
        ("(ﾟдﾟ) ٩(◕‿◕)۶", "(ﾟдﾟ) ٩(◕‿◕)۶"),
        ("ㅋㅋ ﷺ", "ㅋㅋ ﷺ"),
        ("", ""),
    ],
)
def test_keeps_only_what_can_be_printed(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(ANY_TEXT)
def test_any_text_comes_out_printable_with_single_spaces(text: str) -> None:
    cleaned = clean(text)
    assert "  " not in cleaned
    assert cleaned == cleaned.strip()
    assert not {unicodedata.category(char) for char in cleaned.replace("\n", "")} & {"Cc", "Cf", "Cn", "Co", "Cs"}


@given(ANY_TEXT)
def test_cleaning_any_text_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ANY_TEXT)
def test_no_word_is_lost(text: str) -> None:
    """Some signs become letters: ⓐ."""
    cleaned = iter(sounds(clean(text)))
    assert all(char in cleaned for char in sounds(text))
