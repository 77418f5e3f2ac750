"""Abbreviations, said as what they stand for."""

import re
from collections.abc import Mapping

from danmu_tts.text.aligned import Aligned
from danmu_tts.text.line import Line

_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_.])(?:[A-Za-z0-9]+(?:[/'][A-Za-z0-9]+)?)(?![A-Za-z0-9_])|[\u3131-\u318e]{2,}|(?<![ぁ-ゖァ-ヺ])の(?![ぁ-ゖァ-ヺ])",
    re.ASCII,
)
_SEQUENCE = re.compile("[A-Za-z0-9\u3131-\u318eの]")
# 88 among other words counts something.
_LONG_ENOUGH_BEHIND_A_WORD = 3
_ALONE = re.compile(r"[\s，。！？、,.!?~～…]")


def say_slang(read: Aligned, line: Line) -> Aligned:
    """Each abbreviation that the line's language knows, in full."""
    if not _SEQUENCE.search(read.text):
        return read
    words = line.rules.vocabulary.slang.get(line.language)
    return read.sub(_TOKEN, lambda match: _said(match, words)) if words else read


def _said(match: re.Match[str], words: Mapping[str, str]) -> str:
    said = words.get(match[0].lower())
    if said is None or (match[0].isdigit() and not _is_alone(match)):
        return match[0]
    return said


def _is_alone(match: re.Match[str]) -> bool:
    before, after = match.string[: match.start()][-1:], match.string[match.end() : match.end() + 1]
    ends_a_word = len(match[0]) >= _LONG_ENOUGH_BEHIND_A_WORD
    return (not after or bool(_ALONE.match(after))) and (not before or ends_a_word or bool(_ALONE.match(before)))
