"""One danmu, read: what is said of it, in which languages, and whether it may be."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from danmu_tts.domain.voices import primary_subtag
from danmu_tts.text.aligned import Aligned
from danmu_tts.text.clean import cleaned
from danmu_tts.text.content_filter import ContentFilter
from danmu_tts.text.line import Line
from danmu_tts.text.links import without_links
from danmu_tts.text.normalise import Normaliser
from danmu_tts.text.rules import ReadingRules
from danmu_tts.text.sounds import Sounds
from danmu_tts.text.spans import Span
from danmu_tts.text.terms import Action, Category, Mask

_HIDDEN = "*"
# In a live room a quarter to two thirds of the lines repeat within a minute.
_MOST_REMEMBERED, _LONGEST_REMEMBERED = 1024, 200
_Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class FilterPolicy:
    """What becomes of what is found. Categories that are not named are allowed."""

    actions: Mapping[Category, Action]
    mask: Mask = Mask.WORD


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a danmu may be spoken, and why not all of it, without a word of it."""

    action: Action = Action.ALLOW
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What is made of a danmu.

    Attributes:
        original: as it was written.
        shown: the same, with what is hidden behind asterisks; as long as the original.
        spoken: what is said; empty where there is nothing to say, or nothing may be.
        alignment: for each character of ``spoken`` the index in ``original`` of what it stands for. They never fall.
        spans: the parts of ``spoken`` by language, in order; together they are the whole.
        language: of most of it.
        beeps: the parts of ``spoken`` in whose place a tone is heard, as start and end.
    """

    original: str
    shown: str
    spoken: str
    alignment: Sequence[int]
    spans: tuple[Span, ...]
    language: str
    verdict: Verdict = Verdict()
    beeps: tuple[_Range, ...] = ()

    def shown_for(self, start: int, end: int) -> str:
        """What is shown while this part of ``spoken`` is said. All parts together show the whole, in order."""
        first = self.alignment[start] if 0 < start < len(self.alignment) else 0
        last = self.alignment[end] if end < len(self.alignment) else len(self.original)
        return self.shown[first:last]


class Reader:
    """Reads by one room's rules. Made once, used for every line."""

    def __init__(
        self, rules: ReadingRules, content_filter: ContentFilter, policy: FilterPolicy, sounds: Sounds
    ) -> None:
        self._rules = rules
        self._normaliser = Normaliser(rules)
        self._filter = content_filter
        self._policy = policy
        self._sounds = sounds
        self._read_before = lru_cache(_MOST_REMEMBERED)(self.read_anew)

    def read(self, text: str, language: str | None = None) -> Reading:
        """Read a text: anything that somebody may have written. Chat repeats itself, so short ones are remembered.

        Args:
            language: BCP 47 tag, where it was told; then all of it is in that language.
        """
        return (self._read_before if len(text) <= _LONGEST_REMEMBERED else self.read_anew)(text, language)

    def read_anew(self, text: str, language: str | None = None) -> Reading:
        """The same, remembering nothing."""
        asked = primary_subtag(language) if language else None
        written = cleaned(text)
        said = self._normaliser.normalise(written, asked)
        found = self._found(without_links(written), said)
        action = max((self._action(category) for _, category in found), key=_STRENGTH.__getitem__, default=Action.ALLOW)
        verdict = Verdict(action, tuple(sorted({category for _, category in found})))
        if action is Action.DROP:
            default = self._rules.default_language
            return Reading(text, _HIDDEN * len(text), "", (), (), asked or default, verdict)
        hidden = _merged(where for where, _ in found)
        line = Line(self._rules, asked)
        said, masks = self._masked(said, hidden, line)
        spans = line.spans(said.text)
        shown = text
        for start, end in hidden:
            shown = shown[:start] + _HIDDEN * (end - start) + shown[end:]
        beeps = masks if self._policy.mask is Mask.BEEP else ()
        return Reading(text, shown, said.text, said.origins, spans.of(said.text), spans.main, verdict, beeps)

    def steps(self, text: str, language: str | None = None) -> list[tuple[str, str]]:
        """What each step of normalising that changes something makes of a text, by the step's name."""
        written = cleaned(text)
        steps = [("clean", written.text)] if written.text != text else []
        asked = primary_subtag(language) if language else None
        self._normaliser.normalise(written, asked, lambda name, read: steps.append((name, read)))
        return steps

    def collapse_key(self, reading: Reading) -> str:
        """Equal for danmu that say the same; see ``Sounds.collapse_key``."""
        return self._sounds.collapse_key(reading.spoken)

    def _found(self, written: Aligned, said: Aligned) -> list[tuple[_Range, Category]]:
        """What somebody wants done about, where it stands in the original."""
        views = [written] if said.text == written.text else [written, said]
        return [
            ((view.origins[hit.start], view.origins[hit.end - 1] + 1), hit.category)
            for view in views
            for hit in self._filter.find(view.text)
            if self._action(hit.category) is not Action.ALLOW
        ]

    def _action(self, category: Category) -> Action:
        return self._policy.actions.get(category, Action.ALLOW)

    def _masked(self, said: Aligned, hidden: Sequence[_Range], line: Line) -> tuple[Aligned, tuple[_Range, ...]]:
        """With another word for each hidden part, and where these words are."""
        language = line.spans(said.text).main
        word = self._rules.vocabulary.phrase("mask", language)
        masks: list[_Range] = []
        for first, last in hidden:
            start, end = (bisect_left(said.origins, edge) for edge in (first, last))
            if start < end:
                said = said.replaced(start, end, word)
                masks.append((start, start + len(word)))
        return said, tuple(masks)


_STRENGTH = {action: strength for strength, action in enumerate(Action)}


def _merged(ranges: Iterable[_Range]) -> list[_Range]:
    merged: list[_Range] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
