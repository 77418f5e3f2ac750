"""Remove what no voice can pronounce, and write digits and full-width letters the way every voice knows them."""

import re
import unicodedata

# Control and format characters (NUL, bidirectional marks, zero-width marks), private use, unassigned, surrogates.
_UNSPEAKABLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_FULL_WIDTH_LETTERS = frozenset(
    "ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ"
)
_FULL_WIDTH_OFFSET = ord("Ａ") - ord("A")
_LINE_BREAKS = re.compile("[\r\n\v\f\x85\u2028\u2029]+")
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_BREAKS = re.compile(r" ?\n[ \n]*")


def clean(text: str) -> str:
    """Return the text with only printable characters, ASCII digits, single spaces, and ``\\n`` for a line break."""
    text = _LINE_BREAKS.sub("\n", text)
    if not text.isascii() or not text.isprintable():
        text = "".join(_speakable(char) for char in text)
    return _AROUND_BREAKS.sub("\n", _SPACES.sub(" ", text)).strip()


def _speakable(char: str) -> str:
    category = unicodedata.category(char)
    if category in _UNSPEAKABLE:
        return char if char in "\n\t" else ""
    if category == "Nd":  # ５, ٣ and ५ are digits too
        return str(unicodedata.digit(char))
    return chr(ord(char) - _FULL_WIDTH_OFFSET) if char in _FULL_WIDTH_LETTERS else char
