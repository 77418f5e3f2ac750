"""Which part of a danmu is in which language.

Scripts tell: hangul is Korean, kana Japanese, and Han characters Japanese beside kana, else Chinese. Chinese chat has
Latin words of its own (``up主``, ``gg``, names), which its readers read along; a run of English words is English.
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import pairwise

from danmu_tts.text.scripts import HAN, HANGUL, KANA, LATIN, LATIN_WORD_SYLLABLES

_RUN = re.compile(
    f"(?P<zh>[{HAN}]+)|(?P<ja>[\u3041-\u3096][{KANA}]*|[\u30a1-\u30fa][{KANA}]+)|(?P<ko>[{HANGUL}]+)|(?P<en>[{LATIN}][{LATIN}'’]*)"
    "|(?P<ru>[\u0400-\u04ff]{2,})|(?P<el>[\u0370-\u03ff]{2,})|(?P<ar>[\u0620-\u064a]{2,})|(?P<he>[\u0590-\u05ea]{2,})"
    "|(?P<th>[\u0e01-\u0e4e]{2,})|(?P<hi>[\u0900-\u0963]{2,})"
)
_BEYOND_HAN = re.compile("[A-Za-z\u00c0-\u318e\uac00-\ud7a3]")
_HAS_HAN = re.compile(f"[{HAN}]")
# Words and particles that no Japanese sentence has.
_CHINESE = re.compile("[我你您她吗呢吧啊呀哦咱呗哈嘛么没很啥这那们说谁让给还听]|点歌|[唱来]首|主播|好看|好唱|弹幕|的歌")
_DECORATIONS = ("の", "ノ", "ツ", "ー")
_LONGEST_STEM = 2
_HESITATION = re.compile("e+n*m+|e*n{3,}")
_WITHIN_PHRASE = re.compile(r"[\d,.!?'&:;%$+-]*\s[\s\d,.!?'&:;%$+-]*")
_FEWEST_ENGLISH_WORDS = 2
# "I love this song 啊" is English with a sigh; "这波 nice 啊" is Chinese with a word.
_ENGLISH_MUST_OUTWEIGH = 3.0


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text and its language, a primary subtag such as ``zh``."""

    text: str
    language: str


@dataclass(slots=True)
class _Run:
    """Letters of one script, and the language that they are in."""

    start: int
    end: int
    script: str
    language: str


class Spans:
    """The parts of one text.

    Attributes:
        starts: where each part starts; the first at 0. Together they are the whole text.
        languages: of each part.
    """

    __slots__ = ("languages", "main", "starts")

    def __init__(self, starts: Sequence[int], languages: Sequence[str], main: str) -> None:
        """``main``: the language of most of it."""
        self.starts = starts
        self.languages = languages
        self.main = main

    def of(self, text: str) -> tuple[Span, ...]:
        """The parts of the text that was looked at; none of an empty one."""
        edges = pairwise((*self.starts, len(text)))
        return tuple(
            Span(text[start:end], language) for (start, end), language in zip(edges, self.languages, strict=True) if end
        )

    def language_at(self, index: int) -> str:
        """The language of one of its characters."""
        if len(self.starts) == 1:
            return self.languages[0]
        return next(
            language for start, language in zip(reversed(self.starts), reversed(self.languages), strict=True)
            if start <= index
        )  # fmt: skip


def find_spans(text: str, default: str, letter_words: Container[str] = (), own_words: Container[str] = ()) -> Spans:
    """Part a cleaned text by language.

    Args:
        default: the language of what has no word to tell by, and of Han characters where that is ``ja``.
        letter_words: Latin tokens in lower case that tell no language.
        own_words: those that only the default language has.
    """
    if not _BEYOND_HAN.search(text):
        language = "zh" if default != "ja" and _HAS_HAN.search(text) else default
        return Spans((0,), (language,), language)
    runs = [
        _Run(match.start(), match.end(), match.lastgroup or "", match.lastgroup or "") for match in _RUN.finditer(text)
    ]
    if any(run.script in ("zh", "ja") for run in runs):
        _tell_chinese_from_japanese(text, runs, default)
    if any(run.script != "en" for run in runs):
        _tell_english(text, runs, letter_words)
    else:
        is_default = any(_word(text, run) in own_words for run in runs)
        is_default = is_default or not any(_telling_word(text, run, letter_words) for run in runs)
        for run in runs:
            run.language = default if is_default else "en"
    return _merged(runs, default)


def _tell_chinese_from_japanese(text: str, runs: Sequence[_Run], default: str) -> None:
    """One の is how Chinese chat writes 的; a single kana between symbols is part of a face."""
    han = "".join(text[run.start : run.end] for run in runs if run.script == "zh")
    kana = [text[run.start : run.end] for run in runs if run.script == "ja"]
    is_chinese = default != "ja" and bool(han) and (_CHINESE.search(han) is not None or not _is_japanese(han))
    decorated = default != "ja" and bool(han) and "".join(kana) in ("", *_DECORATIONS)
    for number, run in enumerate(runs):
        word = text[run.start : run.end]
        if run.script == "ja" and (decorated or (is_chinese and word in _DECORATIONS)):
            run.language = "zh"
        elif run.script != "zh" or decorated:
            continue
        elif is_chinese:
            beside = [each for each in runs[max(0, number - 1) : number + 2] if each.script == "ja"]
            touches = any(each.start == run.end or each.end == run.start for each in beside)
            if touches and len(word) <= _LONGEST_STEM and not _CHINESE.search(word) and _is_japanese(word):
                run.language = "ja"  # 夜に駆ける
        elif kana or default == "ja":
            run.language = "ja"


def _is_japanese(han: str) -> bool:
    """Whether Japan's own character set has all of them; simplified ones are not in it."""
    try:
        han.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def _tell_english(text: str, runs: Sequence[_Run], letter_words: Container[str]) -> None:
    """Latin words beside others are English where they are a phrase; else they are read along."""
    phrase: list[_Run] = []
    for run in [*runs, None]:
        if run and run.script == "en" and phrase and _WITHIN_PHRASE.fullmatch(text, phrase[-1].end, run.start):
            phrase.append(run)
            continue
        words = [_telling_word(text, each, letter_words) for each in phrase]
        ordinary = sum(word == "I" or (word.islower() and len(word) > 1) for word in words)  # names have capitals
        for each in phrase:
            each.language = "en" if ordinary >= _FEWEST_ENGLISH_WORDS else ""
        phrase = [run] if run and run.script == "en" else []


def _word(text: str, run: _Run) -> str:
    return text[run.start : run.end].lower()


def _telling_word(text: str, run: _Run, letter_words: Container[str]) -> str:
    """The word, unless it tells no language: abbreviations of all chats, iphone12, hhhh."""
    folded = _word(text, run)
    beside_digit = text[run.start - 1 : run.start].isdigit() or text[run.end : run.end + 1].isdigit()
    repeats_one = (len(set(folded)) == 1 and len(folded) > 1) or _HESITATION.fullmatch(folded)
    return "" if beside_digit or repeats_one or folded in letter_words else text[run.start : run.end]


def _merged(runs: Sequence[_Run], default: str) -> Spans:
    """What tells nothing goes with what is before it, or at the start with what comes."""
    starts: list[int] = []
    languages: list[str] = []
    weights: dict[str, float] = {}
    for run in runs:
        language = run.language or (languages[-1] if languages else "")
        if not language:
            continue
        weights[language] = weights.get(language, 0.0) + _syllables(run)
        if not languages or languages[-1] != language:
            starts.append(run.start)
            languages.append(language)
    if not languages:
        return Spans((0,), (default,), default)
    starts[0] = 0
    return Spans(starts, languages, _heaviest(weights))


def _syllables(run: _Run) -> float:
    """Roughly."""
    if run.script == "en":
        return LATIN_WORD_SYLLABLES
    return (run.end - run.start) * (1.0 if run.script in ("zh", "ja", "ko") else 0.6)


def _heaviest(weights: dict[str, float]) -> str:
    others = {language: weight for language, weight in weights.items() if language != "en"}
    if not others:
        return "en"
    heaviest = max(others, key=others.__getitem__)
    return "en" if weights.get("en", 0.0) > _ENGLISH_MUST_OUTWEIGH * others[heaviest] else heaviest
