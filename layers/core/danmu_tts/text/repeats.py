"""What is written again and again is said a few times, as a person would."""

import re

from danmu_tts.text.aligned import Aligned
from danmu_tts.text.counts_zh import MEASURES
from danmu_tts.text.line import Line
from danmu_tts.text.scripts import HAN, HANGUL, KANA

_CJK = f"{HAN}{KANA}{HANGUL}"
_HAS_CJK = re.compile(f"[{_CJK}]")
_MOST = 3
_ONE = re.compile(f"([{_CJK}])\\1{{{_MOST},}}")
_LETTERS = re.compile(r"([A-Za-z])\1{2,}", re.IGNORECASE)
_LAUGH_H = re.compile(r"(?<![A-Za-z])[hH]{2,}(?![A-Za-z])")
_HESITATION = re.compile(r"(?<![A-Za-z])[eE]+[nN]*[mM]{2,}(?![A-Za-z])|(?<![A-Za-z])[eE]*[nN]{3,}(?![A-Za-z])")
_LAUGH_W = re.compile(r"(?<![A-Za-z.])[wWｗ]{3,}(?![A-Za-z.])")
_DIGITS = re.compile(r"(?<![-.])([1-9])\1{3,}(?![\d.]|[:：]\d)|(?<![-\d.])0{4,}(?![\d.])")
# A value, not applause: 伤害99999, 8888元.
_COUNTED = re.compile(r"[元块人个万亿年条只张次分米斤天票岁粉%％]")
_VALUED = re.compile("[号码群力害价格数话度尾共有约卖]$|伤害|战力|尾号|粉丝|流水|密码|热度")
_NUMERALS = re.compile("[0-9]|[零幺一二三四五六七八九]{4}|^[零幺一二三四五六七八九]+$")
_DIGITS_SAID = "零幺一二三四五六七八九"
_SOBS = re.compile(rf"(?<![-\d.第在是价约到])5{{3,}}(?![-\d.路线{MEASURES}])")
_LISTED = re.compile(r"([^\W\d]{1,12}?)(?:([\s，,、！!。.]+)\1(?!\w)){2,}")
_LONG_UNIT = re.compile(r"((?=[^\d\s]).{5,40}?)\1+")
_MIDDLE_UNIT = re.compile(r"(\D{3,4}?)\1{2,}")
_SHORT_UNIT = re.compile(r"(\D{2})\1{3,}")
# A unit that Latin readers say as often as they say a short one.
_LONG_LATIN = 12
_FEWEST_DOUBLES = 2
_LONGEST_PERIODIC = 200
_SHORTEST_PERIOD = 5
_SHORT = 2
_LEAST_REPEATED = 0.75  # of a phrase that was cut off at its second time
_STEM = re.compile("[A-Za-z]*$")
_OO_WORDS = re.compile(r"(?<![A-Za-z])[twzbmc]$", re.IGNORECASE)
_REST = re.compile("[A-Za-z]*")
_VOWEL = re.compile("[aeiou]", re.IGNORECASE)
_ROMAN = re.compile("[IVXLC]+")
_SIZE = re.compile("X{2,}[SL]")
# Whose double letters would be a guess.
_COMMON = frozenset(
    {"yes", "wow", "lol", "god", "omg", "hey", "bro", "what", "why", "please", "come", "love", "stop", "nope", "oh"}
)


def shorten_repeats(read: Aligned, line: Line) -> Aligned:
    """Once, twice or three times, by the length of what is repeated."""
    text = read.text
    if len(text) - len(set(text)) < _FEWEST_DOUBLES and "hh" not in text.lower():
        return read
    read = _whole_line(read)
    read = read.sub(
        _ONE, lambda match: match[0] if match[1] in _DIGITS_SAID and _is_amount(match) else match[1] * _MOST
    )
    read = _letters(read, line)
    if line.language == "zh":
        read = read.sub(_SOBS, lambda match: match[0] if _is_amount(match) else "呜呜呜")
    read = read.sub(_DIGITS, lambda match: match[0] if _is_amount(match) else match[0][:_MOST])
    read = read.sub(_LISTED, _listed).sub(_LONG_UNIT, _copies)
    read = read.sub(_MIDDLE_UNIT, _copies)
    return read.sub(_SHORT_UNIT, lambda match: match[0] if _NUMERALS.search(match[1]) else match[1] * _MOST)


def _whole_line(read: Aligned) -> Aligned:
    """A line that was filled by pasting, and cut off at its end: 看爱丽丝看爱丽丝看爱."""
    text = read.text
    if not _SHORTEST_PERIOD < len(text) <= _LONGEST_PERIODIC or text[0] not in text[_SHORTEST_PERIOD:]:
        return read
    for period in range(1, len(text) - _SHORTEST_PERIOD + 1):
        if text.startswith(text[period:]) and (period < _SHORTEST_PERIOD or len(set(text[period:])) > _SHORT):
            is_phrase = (
                len(text) - period >= period * _LEAST_REPEATED
                and _size(text[:period]) >= _SHORTEST_PERIOD
                and not _NUMERALS.search(text)
            )
            return read.cut(0, period) if is_phrase and _HAS_CJK.search(text) else read
    return read


def _letters(read: Aligned, line: Line) -> Aligned:
    if line.language == "zh":
        read = read.sub(_HESITATION, "嗯")
    if not _LETTERS.search(read.text) and not _LAUGH_H.search(read.text):
        return read
    laugh = {"zh": "哈哈哈", "ja": "ははは", "ko": "하하하"}.get(line.language, "haha")
    read = read.sub(_LAUGH_H, lambda match: laugh[: min(_MOST, len(match[0]))] if len(laugh) == _MOST else laugh)
    if line.language in ("zh", "ja"):
        read = read.sub(_LAUGH_W, laugh if line.language == "zh" else "わら")
    return read.sub(_LETTERS, _letter)


def _letter(match: re.Match[str]) -> str:
    """As long as English ever writes it: goooood is good, yesss is yes. A word of one letter is said three times."""
    text, (start, end) = match.string, match.span()
    is_word = not (text[start - 1 : start].isalpha() and text[start - 1].isascii()) and not (
        text[end : end + 1].isalpha() and text[end].isascii()
    )
    if is_word:
        return match[0][:_MOST]
    word = _STEM.search(text, 0, start)[0] + match[1] + _REST.match(text, end)[0]  # type: ignore[index]  # may be empty
    if _ROMAN.fullmatch(word) or _SIZE.fullmatch(text, start, min(len(text), end + 1)):
        return match[0]
    letter = match[1].lower()
    if word.lower() in _COMMON:
        return match[1]
    if text[end : end + 1].isalpha():
        return match[1] * (2 if letter in "oe" else 1)
    if letter == "o":  # too, zoo; no, so, go, hello
        return match[1] * (2 if _OO_WORDS.search(text[:start]) else 1)
    return match[1] * (2 if letter == "e" and not _VOWEL.search(text[:start].rpartition(" ")[2]) else 1)  # see; nice


def _listed(match: re.Match[str]) -> str:
    """晚安，晚安，晚安，晚安"""
    unit, mark = match[1], match[2]
    most = 2 if _HAS_CJK.search(unit) and len(unit) > _SHORT else _MOST
    return mark.join([unit] * min(most, match[0].count(unit)))


def _copies(match: re.Match[str]) -> str:
    unit, whole = match[1], match[0]
    if _NUMERALS.search(unit):
        return whole
    size = _size(unit)
    if _HAS_CJK.search(unit):
        most = 1 if size >= _SHORTEST_PERIOD else 2 if size > _SHORT else _MOST
    else:
        most = 1 if size >= _LONG_LATIN else _MOST
    return unit * min(most, len(whole) // len(unit))


def _size(unit: str) -> int:
    """Its letters."""
    return sum(map(str.isalnum, unit))


def _is_amount(match: re.Match[str]) -> bool:
    text, (start, end) = match.string, match.span()
    return bool(_COUNTED.match(text, end) or _VALUED.search(text[max(0, start - 4) : start]))
