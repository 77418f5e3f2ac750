"""From a danmu as it is written to what a good reader says."""

import re
from collections.abc import Callable, Sequence

from danmu_tts.text.aligned import Aligned
from danmu_tts.text.clean import tidied
from danmu_tts.text.emotes import say_emotes
from danmu_tts.text.faces import FACES, MAY_HOLD_FACE
from danmu_tts.text.line import Line
from danmu_tts.text.links import say_links, say_names
from danmu_tts.text.numbers import say_numbers
from danmu_tts.text.punctuation import calm_punctuation, drop_signs
from danmu_tts.text.repeats import shorten_repeats
from danmu_tts.text.rules import ReadingRules
from danmu_tts.text.scripts import can_be_spoken
from danmu_tts.text.slang import say_slang

# What one pass makes may be something that another one reads differently: 哈/哈/哈/哈. Nothing needs more than a few.
_MOST_PASSES = 6
_MOST_TIMES_LONGER, _MOST_CHARS_LONGER = 2, 20

_Step = Callable[[Aligned, Line], Aligned]
Watch = Callable[[str, str], None]


class Normaliser:
    """Reads by one room's rules."""

    def __init__(self, rules: ReadingRules) -> None:
        self.rules = rules

    def normalise(self, written: Aligned, language: str | None = None, watch: Watch | None = None) -> Aligned:
        """What is said, each character aligned with the original; empty where there is nothing to say.

        What is said is never longer than twice the text and 20 characters, and reading it once more changes nothing.

        Args:
            written: a text that is ``cleaned``.
            language: a primary language subtag, where it was told.
            watch: is told each step that changed something, and to what.
        """
        line = Line(self.rules, language)
        read = written
        for _ in range(_MOST_PASSES):
            before = read.text
            read = tidied(read)
            for name, step in _STEPS:
                changed = step(read, line)
                if watch and changed.text != read.text:
                    watch(name, changed.text)
                read = changed
            if read.text == before:
                break
        else:
            return _as_written(written)
        if len(read.text) > _MOST_TIMES_LONGER * len(written.text) + _MOST_CHARS_LONGER:
            return _as_written(written)
        return _as_written(read)


def _as_written(read: Aligned) -> Aligned:
    return read if can_be_spoken(read.text) else Aligned("", ())


def _drop_faces(read: Aligned, line: Line) -> Aligned:
    return read.sub(FACES, " ") if MAY_HOLD_FACE.search(read.text) else read


def _tell_language(read: Aligned, line: Line) -> Aligned:
    line.language = line.spans(read.text).main
    return read


# Bilibili's placed danmu: [x, y, opacity, seconds, text, …], of which the text is shown.
_PLACED = re.compile(r'\[\s*-?[\d.]+\s*,\s*-?[\d.]+\s*,\s*"[\d.\s-]*"\s*,\s*[\d.]+\s*,\s*"((?:[^"\\]|\\.)*)')


def _take_placed_text(read: Aligned, line: Line) -> Aligned:
    if not read.text.startswith("[") or not (placed := _PLACED.match(read.text)):
        return read
    return read.cut(*placed.span(1)).sub(_ITS_LINE_BREAK, " ")


_ITS_LINE_BREAK = re.compile("/n")

_STEPS: Sequence[tuple[str, _Step]] = (
    ("placed text", _take_placed_text),
    ("links", say_links),
    ("emotes", say_emotes),
    ("faces", _drop_faces),
    ("names", say_names),
    ("language", _tell_language),
    ("slang", say_slang),
    ("repeats", shorten_repeats),
    ("numbers", say_numbers),
    ("signs", drop_signs),
    ("punctuation", calm_punctuation),
)
