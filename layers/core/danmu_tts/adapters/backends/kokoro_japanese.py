"""Japanese text to the phonemes that Kokoro was trained on: words, their readings, the readings' sounds."""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import pairwise
from threading import Lock
from typing import Any

# The topic and direction particles are not read as they are written.
_PARTICLES = {"ハ": "ワ", "ヘ": "エ"}
_PUNCTUATION = str.maketrans("、。！？：；「」『』（）～〜", ",.!?:;“”“”()——")
_KATAKANA = re.compile("[ァ-ヺー]+")
_MORA = re.compile("[ァ-ヺ][ァィゥェォャュョヮ]|[ァ-ヺー]")
# A tokenizer refuses a second thread; a line takes it a fraction of a millisecond.
_TOKENIZER_LOCK = Lock()
# A vowel after its like is one long vowel: チュウ, コウ, セイ.
_LONG = (("ウ", "オコソトノホモヨロゴゾドボポョウクスツヌフムユルグズブプュ"), ("イ", "エケセテネヘメレゲゼデベペェ"))


def japanese_phonemes(text: str) -> str:
    """Phonemes of a Japanese text, words separated by spaces, punctuation kept for its pauses."""
    with _TOKENIZER_LOCK:
        words = [_sound(word) for word in _tokenizer().tokenize(text)]
    return re.sub(r" +([,.!?:;”)])", r"\1", " ".join(word for word in words if word))


@cache
def _tokenizer() -> Any:
    from sudachipy import Dictionary

    return Dictionary(dict="small").tokenizer()


def _sound(word: Any) -> str:
    reading: str = word.reading_form()
    if not _KATAKANA.fullmatch(reading):
        surface: str = word.surface()
        return surface.translate(_PUNCTUATION).strip()
    kind: str = word.part_of_speech()[0]
    if kind in ("空白", "補助記号"):  # spaces and marks have readings too, キゴウ
        return ""
    if kind == "助詞":
        reading = _PARTICLES.get(reading, reading)
    elif kind == "感動詞" and reading.endswith("ハ"):  # こんにちは, こんばんは
        reading = reading[:-1] + "ワ"
    return "".join(_phonemes(reading))


def _phonemes(reading: str) -> Iterator[str]:
    table = _table()
    morae = _MORA.findall(_with_long_vowels(reading))
    for mora, following in pairwise([*morae, ""]):
        if mora == "ー":
            yield "ː"
        elif mora == "ッ":
            yield "ʔ" if following else ""
        elif mora == "ン":
            yield _nasal(table.get(following, ""))
        else:
            yield table.get(mora) or "".join(table.get(kana, "") for kana in mora)


def _with_long_vowels(reading: str) -> str:
    for vowel, before in _LONG:
        reading = re.sub(f"(?<=[{before}]){vowel}", "ー", reading)
    return reading


def _nasal(following: str) -> str:
    """ン takes the place of what comes after it."""
    first = following[:1]
    if first and first in "pbm":
        return "m"
    if first and first in "kɡ":
        return "ŋ"
    if first and first in "ɲʨʥ":
        return "ɲ"
    return "n" if first and first in "ntdɾzʣʦ" else "ɴ"


@cache
def _table() -> dict[str, str]:
    table: dict[str, str] = json.loads((files("danmu_tts") / "data" / "kana_phonemes.json").read_text("utf-8"))
    return table
