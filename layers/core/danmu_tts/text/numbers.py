"""Numbers, by the language that they stand in: Chinese ones in hanzi, English ones where a voice would stumble."""

import re
from collections.abc import Callable

from danmu_tts.text.aligned import Aligned
from danmu_tts.text.line import Line
from danmu_tts.text.numbers_zh import ChineseNumbers

_DIGIT = re.compile("[0-9½⅓¼¾]")
_ENGLISH = (
    (re.compile(r"(?<![\d:.])(\d{1,2}):(\d)(?![\d:])"), r"\1 to \2"),
    (re.compile(r"(?<![\d.])(\d{1,2})\s?[vV][sS]?\s?(\d{1,2})(?![\d.])"), r"\1 v \2"),
    (re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)[kK](?![A-Za-z])"), r"\1 K"),
    (re.compile(r"(?<![A-Za-z0-9])(\d+)\+(?![\d+])"), r"\1 plus"),
)


def say_numbers(read: Aligned, line: Line) -> Aligned:
    """Each number as it is said where it stands."""
    if not _DIGIT.search(read.text):
        return read
    languages = line.spans(read.text).languages
    if "en" in languages:
        for pattern, said in _ENGLISH:
            read = _say(read, line, "en", pattern, _template(said))
    if "zh" in languages:
        numbers = ChineseNumbers(line.rules.vocabulary.units)
        if len(languages) == 1:
            read = read.sub(numbers.tight, "")
            for pattern, said in numbers.signs:
                read = read.sub(pattern, said)
        read = _say(read, line, "zh", numbers.rules, numbers.say)
    return read


def _say(
    read: Aligned, line: Line, language: str, pattern: re.Pattern[str], said: Callable[[re.Match[str]], str]
) -> Aligned:
    """Only what stands in that language."""
    spans = line.spans(read.text)
    return read.sub(pattern, lambda match: said(match) if spans.language_at(match.start()) == language else match[0])


def _template(said: str) -> Callable[[re.Match[str]], str]:
    return lambda match: match.expand(said)
