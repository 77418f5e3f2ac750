"""Remove what no voice can pronounce, and write letters and digits the way every voice knows them."""

import re
import unicodedata

from danmu_tts.text.aligned import Aligned

# Control and format characters (NUL, bidirectional marks, zero-width marks), private use, unassigned, surrogates.
_UNSPEAKABLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
# What most lines are made of: nothing to do for those. Full-width punctuation stays, for it says how to pause.
_ORDINARY = re.compile(
    "[\n -~\u00b7\u2014\u2018\u2019\u201c\u201d\u2026\u3001\u3002\u3005\u3008-\u3011\u3041-\u3096\u30a1-\u30fa\u30fc"
    "\u3400-\u4dbf\u4e00-\u9fff\u3131-\u3163\u3165-\u318e\uac00-\ud7a3\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\uff5e]*"
)
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")  # Hangul that nobody sees
_STAYS = frozenset("！（），：；？～…‥℃℉ﾞﾟ")
# A half-width kana and its mark are one letter. A mark alone is an eye of a face.
_CLUSTER = re.compile("[\uff66-\uff9d][\uff9e\uff9f]|[^\x00-\x7f]")
# Accents left over after composing, selectors of emoji, and frames of keys: piled up they are decoration.
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]+")
_COMPOSABLE = re.compile(
    "[^\x00-\x7f][\u0300-\u036f\u3099\u309a]+|[A-Za-z][\u0300-\u036f]+|[\u1100-\u115f][\u1160-\u11a7][\u11a8-\u11ff]?"
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]+")
_LINE_BREAKS = re.compile("[\r\n\v\f\x85\u2028\u2029]+")
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_BREAKS = re.compile(r" ?\n[ \n]*")
_BRACKETED = re.compile(r"\((.+)\)")
_LONGEST = 2
# 🅐 and 🅰, which Unicode does not call letters.
_WHITE_ON_BLACK = {chr(first + index): chr(ord("A") + index) for first in (0x1F150, 0x1F170) for index in range(26)}


def clean(text: str) -> str:
    """Return the text with only printable characters, ASCII digits, single spaces, and ``\\n`` for a line break."""
    return cleaned(text).text


def cleaned(text: str) -> Aligned:
    """The same, aligned with the text."""
    return tidied(Aligned(text))


def tidied(read: Aligned) -> Aligned:
    """The same, for a text that was changed already."""
    while (is_ordinary := _ORDINARY.fullmatch(read.text)) is None:  # what goes may bring letters and marks together
        before = read.text
        read = read.sub(_LINE_BREAKS, "\n").sub(_CONTROLS, "").sub(_SPACES, " ")
        read = read.sub(_COMPOSABLE, lambda match: unicodedata.normalize("NFC", match[0]))
        read = read.sub(_MARKS, "").sub(_CLUSTER, _speakable)
        if read.text == before:
            break
    if not is_ordinary or "  " in read.text or "\n" in read.text:
        read = read.sub(_SPACES, " ").sub(_AROUND_BREAKS, "\n")
    return read.strip()


def _speakable(match: re.Match[str]) -> str:
    """How a character is written everywhere (NFKC), unless that is longer than a reader would think."""
    char = match[0]
    if len(char) == 1:
        category = unicodedata.category(char)
        if category in _UNSPEAKABLE or char in _FILLERS:
            return ""
        if category == "Nd":  # ５, ٣ and ५ are digits too
            return char if _is_arm(match) else str(unicodedata.digit(char))
        if category == "Nl" and (value := unicodedata.numeric(char, 0)) in range(1, 100):  # Ⅶ
            return str(int(value))
        if char in _STAYS or "\u3131" <= char <= "\u318e":  # ㅋ alone is what Koreans type
            return char
    if len(char) == 1 and (letter := _WHITE_ON_BLACK.get(char)):
        return letter
    plain = unicodedata.normalize("NFKC", char)
    if bracketed := _BRACKETED.fullmatch(plain):  # ⑴, ㈠
        plain = bracketed[1]
    return plain if len(plain) <= _LONGEST and not _MARKS.search(plain) else char


def _is_arm(match: re.Match[str]) -> bool:
    """Digits of other scripts that touch a bracket are the arms of faces: ٩(◕‿◕)۶."""
    text, (start, end) = match.string, match.span()
    is_foreign = unicodedata.normalize("NFKC", match[0]) == match[0]
    return is_foreign and (text[end : end + 1] in tuple("(（") or text[start - 1 : start] in tuple(")）"))
