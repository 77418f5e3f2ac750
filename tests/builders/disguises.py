"""A term as people disguise it on Chinese and English platforms: twelve ways for hanzi, twelve for latin letters.

Nothing here comes from the filter: pinyin is pypinyin's, traditional characters are OpenCC's, and the tables of split
characters, leet and look-alikes are written by hand.
"""

import json
import re
import string
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from random import Random

from opencc import OpenCC
from pypinyin import lazy_pinyin

Disguise = Callable[[str, Random], str]

_PUNCTUATION = (".", "*", "-", "_", "·", "/", "|")
_FULL_WIDTH_PUNCTUATION = ("，", "。", "、", "！", "；", "～")
_ZERO_WIDTH = ("\u200b", "\u200c", "\ufeff")
# The last two are of two code points each: a variation selector, a skin tone.
_EMOJI = ("😂", "🤡", "🐶", "💩", "🔥", "🌸", "❤\ufe0f", "👍🏻")
_BRACKETS = ("【】", "「」", "（）", "[]", "《》", "〖〗")

_LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "$5", "t": "7"}
# For a word that has none of those: fvck, fu(k.
_RARE_LEET = {"b": "8", "c": "(", "g": "9", "h": "#", "l": "1", "u": "v"}
_CYRILLIC = dict(zip("abcdeghijklmnopqrstvwxy", "аЬсԁеԍһіјкӏмпорԛгѕтѵԝху", strict=True))
_GREEK = dict(zip("aiknoptuvwxy", "αικηορτυνωχγ", strict=True))
# Where each alphabet has its "a".
# Bold, bold italic, bold script, double-struck, bold Fraktur, sans-serif bold, monospace: those without a gap.
_MATHEMATICAL = (0x1D41A, 0x1D482, 0x1D4EA, 0x1D552, 0x1D586, 0x1D5EE, 0x1D68A)
# Small, capital, and white on black.
_CIRCLED = (0x24D0, 0x24B6, 0x1F150)
_FULL_WIDTH = (0xFF41,)

_HANZI_LINES = ("今天{}", "主播{}啊", "{}哈哈哈", "我说{}，大家晚上好", "这把{}，下把再来", "{}，刚进直播间")
_LATIN_LINES = ("you {} lol", "hey {} good evening", "{} nice game today", "gg {}", "that was so {}", "stream is up {}")


def disguises(term: str, seed: int = 0) -> dict[str, str]:
    """The term in twelve disguises, by name; always the same ones for the same seed.

    A term with hanzi in it gets those of hanzi, any other those of latin letters, in lower case. Raises ``ValueError``
    for a term of fewer than two letters or characters: there is no place between them.
    """
    if sum(map(str.isalpha, term)) < 2:
        raise ValueError(f"too short to disguise: {term!r}")
    random = Random(f"{seed}:{term}")
    if any(map(_is_hanzi, term)):
        return {name: disguise(term, random) for name, disguise in _HANZI_DISGUISES.items()}
    return {name: disguise(term.lower(), random) for name, disguise in _LATIN_DISGUISES.items()}


def embedded(term_disguised: str, hanzi: bool, seed: int = 0) -> str:
    """A harmless chat line with the term at its start, middle or end; words of latin letters stay words."""
    return Random(f"{seed}:{term_disguised}").choice(_HANZI_LINES if hanzi else _LATIN_LINES).format(term_disguised)


def _is_hanzi(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _between(term: str, random: Random, *, marks: Sequence[str]) -> str:
    """One of the marks, the same all through, between the characters of each word."""
    mark = random.choice(marks)
    return " ".join(mark.join(word) for word in term.split(" "))


def _some_replaced(term: str, random: Random, ways: Sequence[Sequence[str]], *, at_most: int | None = None) -> str:
    """One character or more written in another way; ``ways`` has, for each character, the other ways to write it."""
    places = [place for place, others in enumerate(ways) if others]
    if not places:
        raise ValueError(f"no other way to write {term!r}")
    chosen = random.sample(places, random.randint(1, min(len(places), at_most or len(places))))
    return "".join(random.choice(ways[place]) if place in chosen else old for place, old in enumerate(term))


def _readings(term: str) -> list[str]:
    """Toneless pinyin of each character, as the term has it read; ü is v, as it is typed."""
    return [reading for run in re.findall(r"[\u4e00-\u9fff]+|.", term) for reading in lazy_pinyin(run)]


@cache
def _common_characters() -> Mapping[str, Sequence[str]]:
    """The 3755 characters of GB 2312's first level (rows 16 to 55), by their main reading."""
    by_reading: dict[str, list[str]] = {}
    for row in range(0xB0, 0xD8):
        for character in bytes(byte for cell in range(0xA1, 0xFF) for byte in (row, cell)).decode("gb2312", "ignore"):
            by_reading.setdefault(_readings(character)[0], []).append(character)
    return by_reading


@cache
def _parts() -> Mapping[str, str]:
    """The parts of a character, left to right: 妈 is 女马."""
    table: dict[str, str] = json.loads((Path(__file__).parent / "data/split_characters.json").read_text("utf-8"))
    return table


def _repeated_hanzi(term: str, random: Random) -> str:
    return "".join(character * random.randint(2, 4) for character in term)


def _homophone(term: str, random: Random) -> str:
    common = _common_characters()
    ways = [
        [other for other in common.get(reading, ()) if other != character]
        for character, reading in zip(term, _readings(term), strict=True)
    ]
    return _some_replaced(term, random, ways)


def _pinyin(term: str, _: Random, *, space: str) -> str:
    return space.join(_readings(term))


def _mixed(term: str, random: Random) -> str:
    ways = [[reading] if _is_hanzi(character) else [] for character, reading in zip(term, _readings(term), strict=True)]
    return _some_replaced(term, random, ways, at_most=len(term) - 1)


def _traditional(term: str, random: Random) -> str:
    """With punctuation where simplified and traditional characters are the same."""
    written: str = _converter().convert(term)
    return _between(term, random, marks=_FULL_WIDTH_PUNCTUATION) if written == term else written


@cache
def _converter() -> OpenCC:
    return OpenCC("s2t")


def _split(term: str, random: Random) -> str:
    """With a mark and an emoji between characters where none has parts."""
    ways = [[_parts()[character]] if character in _parts() else [] for character in term]
    if any(ways):
        return _some_replaced(term, random, ways)
    return _between(term, random, marks=[random.choice(_PUNCTUATION) + random.choice(_EMOJI)])


def _wrapped(term: str, random: Random) -> str:
    """Each character in brackets, or only the last."""
    brackets = random.choice(_BRACKETS)
    start = random.choice((0, len(term) - 1))
    return term[:start] + "".join(character.join(brackets) for character in term[start:])


def _repeated_letter(term: str, random: Random) -> str:
    """One vowel three to five times; the last letter where there is none."""
    vowels = [place for place, letter in enumerate(term) if letter in "aeiou"]
    place = random.choice(vowels or [len(term) - 1])
    return term[:place] + term[place] * random.randint(3, 5) + term[place + 1 :]


def _leet(term: str, random: Random) -> str:
    table = _LEET if any(letter in _LEET for letter in term) else _RARE_LEET
    return _some_replaced(term, random, [table.get(letter, "") for letter in term])


def _mixed_case(term: str, random: Random) -> str:
    first_upper = random.choice((0, 1))
    return "".join(letter.upper() if place % 2 == first_upper else letter for place, letter in enumerate(term))


def _confusable(term: str, random: Random) -> str:
    return _some_replaced(term, random, [_CYRILLIC.get(letter, "") + _GREEK.get(letter, "") for letter in term])


def _other_alphabet(term: str, random: Random, *, starts: Sequence[int]) -> str:
    """In letters that stand in the order of the alphabet from one of the code points."""
    start = random.choice(starts)
    return term.translate({ord(letter): start + place for place, letter in enumerate(string.ascii_lowercase)})


def _combining(term: str, random: Random) -> str:
    return "".join(letter + chr(random.randint(0x300, 0x36F)) if letter.isalpha() else letter for letter in term)


_HANZI_DISGUISES: Mapping[str, Disguise] = {
    "spaced": partial(_between, marks=[" "]),
    "punctuated": partial(_between, marks=_PUNCTUATION),
    "zero_width": partial(_between, marks=_ZERO_WIDTH),
    "repeated": _repeated_hanzi,
    "homophone": _homophone,
    "pinyin": partial(_pinyin, space=""),
    "pinyin_spaced": partial(_pinyin, space=" "),
    "mixed": _mixed,
    "traditional": _traditional,
    "split": _split,
    "emoji": partial(_between, marks=_EMOJI),
    "wrapped": _wrapped,
}
_LATIN_DISGUISES: Mapping[str, Disguise] = {
    "spaced": partial(_between, marks=[" "]),
    "punctuated": partial(_between, marks=_PUNCTUATION),
    "zero_width": partial(_between, marks=_ZERO_WIDTH),
    "repeated": _repeated_letter,
    "leet": _leet,
    "full_width": partial(_other_alphabet, starts=_FULL_WIDTH),
    "mixed_case": _mixed_case,
    "confusable": _confusable,
    "mathematical": partial(_other_alphabet, starts=_MATHEMATICAL),
    "circled": partial(_other_alphabet, starts=_CIRCLED),
    "emoji": partial(_between, marks=_EMOJI),
    "combining": _combining,
}
