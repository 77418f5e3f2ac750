"""What must not be spoken, however it is written.

A term is looked for in what is written and in what would be said, in two views of each. In one, hanzi are syllables
(傻逼, 煞笔 and 儍 逼 are the same), in the other Latin letters are letters whatever they look like (sh1t, ｓｈｉｔ,
ѕhіt). Signs and repeats count in neither. What is found is then looked at in the text itself: whether it is written out
or only sounds so, stands apart from other words, and is part of an ordinary one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from danmu_tts.text.aligned import Aligned
from danmu_tts.text.latin_words import is_english, word_end
from danmu_tts.text.private_data import find_private
from danmu_tts.text.sounds import Sounds
from danmu_tts.text.terms import Category, Disguises, Hit, Matching, Term
from danmu_tts.text.variants import to_simplified


@dataclass(frozen=True, slots=True)
class _Symbol:
    """One character of a view, repeats included, and where it stands in the text.

    Attributes:
        last_start: where the last of its repeats starts that stands right beside the one before it.
        first_end: where the first of those ends.
    """

    code: str
    start: int
    end: int
    last_start: int
    first_end: int
    times: int = 1

    def again(self, start: int, end: int) -> "_Symbol":
        """The same once more."""
        beside = start == self.end
        return _Symbol(
            self.code,
            self.start,
            end,
            self.last_start if beside else start,
            end if beside and self.first_end == self.end else self.first_end,
            self.times + 1,
        )


_Folding = Mapping[int, int | str | None]
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]+")
# Between two hanzi: letters of other scripts, marks of repetition and length.
_STRANGERS = re.compile(
    "(?<=[\u4e00-\u9fff])[^\\x00-\\x7f\u3400-\u9fff\\W]+(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])[々〆ー]+(?=[\u4e00-\u9fff])"
)
# Words that are read as they are, whatever they sound like.
_FUNCTION_WORDS = frozenset("啥必自了着过得地到就都也还他她它")
# No word has these inside that is not one of them.
_ANYWHERE = frozenset({"fuck", "phuck", "faggot"})
_MANY_LETTERS = 5
_LOOKS_LATIN = re.compile("[\u00c0-\u04ff\u0500-\u052f\u1d00-\u1d7f]")
_HAN = re.compile("[\u3400-\u9fff]")
_REPEATED = re.compile(r"(.)\1+", re.DOTALL)
_ALLOWED_AROUND = 12


class ContentFilter:
    """Finds terms and private numbers. Made once for a list of terms, used for every line."""

    def __init__(self, terms: Iterable[Term], allowed: Iterable[str], sounds: Sounds, disguises: Disguises) -> None:
        """``allowed``: ordinary words that hold a term, or sound as one."""
        self._sounds = sounds
        self._terms = tuple(terms)
        self._allowed = tuple(allowed)
        self._folding = sounds.folding(disguises.look_alikes)
        self._leet_folding = sounds.folding({**disguises.look_alikes, **disguises.leet})
        self._wholes = {part: whole for whole, ways in disguises.split.items() for part in ways if part}

    def find(self, text: str) -> list[Hit]:
        """Every hit in a cleaned text; they may overlap."""
        hits = [Hit(start, end, Category.PRIVATE) for start, end in find_private(text)]
        hits += self._look(text, self._folding)
        if _LATIN.search(text) or (not text.isascii() and _LOOKS_LATIN.search(text)):
            hits += self._look(text, self._leet_folding)
            hits += self._look(text, self._folding, pinyin=True)
        if self._splits and self._splits.search(text):
            hits += self._look_at(Aligned(text).sub(self._splits, lambda match: self._wholes[match[0]]), text)
        if _STRANGERS.search(text):  # letters that a Chinese voice passes over: 傻é逼
            hits += self._look_at(Aligned(text).sub(_STRANGERS, ""), text)
        return list(dict.fromkeys(hits))

    def _look(self, text: str, folding: _Folding, *, pinyin: bool = False) -> Iterator[Hit]:
        """Nearly every line has nothing, and is done with it before anybody asks where."""
        spelled = self._spelled(text) if pinyin else text
        if pinyin and spelled == text:
            return
        automaton = self._automatons[folding is self._leet_folding]
        if next(automaton.iter(_REPEATED.sub(r"\1", spelled.translate(folding))), None) is None:
            return
        symbols = self._view(text, folding, pinyin=pinyin)
        for last, terms in automaton.iter("".join(symbol.code for symbol in symbols)):
            for term, runs in terms:
                first = last + 1 - len(runs)
                found = symbols[first : last + 1]
                # Double letters are doubled: ass is not as.
                is_long_enough = all(symbol.times >= times for symbol, times in zip(found, runs, strict=True))
                whole = _is_whole(symbols, first, last) or (pinyin and self._spells_much(found))
                end = self._meant_end(term, text, found) if is_long_enough and whole else None
                if end is not None:
                    yield Hit(found[0].last_start, end, term.category)

    def _look_at(self, changed: Aligned, text: str) -> Iterator[Hit]:
        """As ``find``, with 女马 read as 妈, for example."""
        for hit in self._look(changed.text, self._folding):
            after = changed.origins[hit.end] if hit.end < len(changed.origins) else len(text)
            yield Hit(changed.origins[hit.start], after, hit.category)

    def _spelled(self, text: str) -> str:
        """Latin words that are pinyin, as syllables."""
        return _LATIN.sub(lambda match: self._sounds.syllables(match[0]) or match[0], text)

    def _view(self, text: str, folding: _Folding, *, pinyin: bool) -> list[_Symbol]:
        symbols: list[_Symbol] = []
        for start, end, codes in self._pieces(text, folding, pinyin=pinyin):
            for code in codes:
                if symbols and symbols[-1].code == code:
                    symbols[-1] = symbols[-1].again(start, end)
                else:
                    symbols.append(_Symbol(code, start, end, start, end))
        return symbols

    def _pieces(self, text: str, folding: _Folding, *, pinyin: bool) -> Iterator[tuple[int, int, str]]:
        at = 0
        while at < len(text):
            word = _LATIN.match(text, at) if pinyin else None
            codes = self._sounds.syllables(word[0]) if word else ""
            end = word.end() if word and codes else at + 1
            codes = codes or text[at].translate(folding)
            if codes:
                yield at, end, codes
            at = end

    def _meant_end(self, term: Term, text: str, found: Sequence[_Symbol]) -> int | None:
        """Where it ends that was found; None where it is no disguise but something else."""
        start, end = found[0].last_start, found[-1].first_end
        if self._is_allowed(text, start, end):
            return None
        if term.matching is not Matching.LETTERS:
            return end if self._is_written(term, text, found) else None
        if not term.text.isascii():
            return end
        if term.text in _ANYWHERE and text[start:end].isalpha():
            rest = _LATIN.match(text, end)
            return rest.end() if rest else end
        if term.local and is_english(text):
            return None
        return word_end(term.text, text, start, end)

    def _is_written(self, term: Term, text: str, found: Sequence[_Symbol]) -> bool:
        """A hanzi term: its own characters, or pinyin, or, where that is enough, the sound of others side by side."""
        raw = text[found[0].last_start : found[-1].first_end]
        others = {char for char in raw if char.isalnum() and not char.isascii()}
        own = self._own_forms[term.text]
        strange = {char for char in others - own if _HAN.match(char) or char.translate(self._folding) not in own}
        if not strange or set(to_simplified("".join(strange))) <= own:
            if len(term.text) == 1:
                return bool(others)
            return not _LATIN.search(raw) or (_is_apart(text, found) and (bool(others) or not is_english(text)))
        is_together = all(char.isalnum() for char in raw) and all(symbol.times == 1 for symbol in found)
        return term.matching is Matching.SOUND and is_together and not strange & _FUNCTION_WORDS

    @cached_property
    def _own_forms(self) -> Mapping[str, frozenset[str]]:
        """Each term's characters, also simplified, and in the form that is looked for: kana, small letters."""
        return {
            term.text: frozenset(term.text + to_simplified(term.text))
            | {folded for char in term.text if not _HAN.match(char) and (folded := char.translate(self._folding))}
            for term in self._terms
        }

    def _spells_much(self, found: Sequence[_Symbol]) -> bool:
        """Whether so much pinyin was found that chance does not write it: the shabi of nishabi."""
        spelled = self._sounds.spelling("".join(symbol.code for symbol in found))
        return len(found) > 1 and len(spelled) >= _MANY_LETTERS

    def _is_allowed(self, text: str, start: int, end: int) -> bool:
        """Whether it is part of an ordinary word."""
        around = text[max(0, start - _ALLOWED_AROUND) : end + _ALLOWED_AROUND]
        offset = max(0, start - _ALLOWED_AROUND)
        for word in self._allowed:
            at = around.find(word)
            if at >= 0 and offset + at < end and offset + at + len(word) > start and not _covers(text[start:end], word):
                return True
        return False

    @cached_property
    def _automatons(self) -> tuple[Any, Any]:
        """For what is written, and for what is written in leet; see ``_automaton``."""
        plain = self._automaton(self._folding, self._terms)
        letters = [term for term in self._terms if term.matching is Matching.LETTERS and term.text.isascii()]
        return plain, self._automaton(self._leet_folding, letters)

    def _automaton(self, folding: _Folding, terms: Iterable[Term]) -> Any:
        """Maps where a term may end to the term and how often each of its characters is repeated."""
        import ahocorasick

        by_skeleton: dict[str, list[tuple[Term, tuple[int, ...]]]] = {}
        for term in terms:
            runs = [(char, len(list(run))) for char, run in groupby(term.text.translate(folding))]
            if runs:
                skeleton = "".join(char for char, _ in runs)
                by_skeleton.setdefault(skeleton, []).append((term, tuple(times for _, times in runs)))
        automaton = ahocorasick.Automaton()
        for skeleton, found in by_skeleton.items():
            automaton.add_word(skeleton, found)
        automaton.add_word("\0", [])  # one of no words cannot be asked
        automaton.make_automaton()
        return automaton

    @cached_property
    def _splits(self) -> re.Pattern[str] | None:
        ways = sorted(self._wholes, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, ways))) if ways else None


def _is_whole(symbols: Sequence[_Symbol], first: int, last: int) -> bool:
    """Whether no syllable of a Latin word that is pinyin is left over: bilibili has nothing of bili."""
    before, after = symbols[first - 1] if first else None, symbols[last + 1] if last + 1 < len(symbols) else None
    starts_inside = before is not None and before.end > symbols[first].start
    return not starts_inside and not (after is not None and after.start < symbols[last].end)


def _covers(found: str, word: str) -> bool:
    """Whether an ordinary word is no more than the middle of what was found."""
    return word in found and word != found


def _is_apart(text: str, found: Sequence[_Symbol]) -> bool:
    """Whether letters at its ends belong to no longer word."""
    start, end = found[0].last_start, found[-1].first_end
    return not (_LATIN.match(text[start]) and _LATIN.match(text[start - 1 : start])) and not (
        _LATIN.match(text[end - 1]) and _LATIN.match(text[end : end + 1])
    )
