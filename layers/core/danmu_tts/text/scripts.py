"""Scripts: which characters are letters of which, and whether a text has a word in any."""

import re
from collections import Counter

# For character classes.
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3005\u3007\U00020000-\U0003134f"
KANA = "\u3041-\u3096\u30a1-\u30fa\u30fc"
HANGUL = "\uac00-\ud7a3\u3131-\u318e"
LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"

# Letters of faces such as (°∀°)ﾉ, ¯\_(ツ)_/¯ and (=・ω・=) stand alone between symbols. A word of these scripts has
# two letters or more, so a single one is part of a drawing.
_SCRIPTS = {
    "han": re.compile(f"[{HAN}]"),
    "hiragana": re.compile("[\u3041-\u3096]"),
    "katakana": re.compile("[\u30a1-\u30fa\uff66-\uff6f\uff71-\uff9d][\u30a1-\u30fa\u30fc\uff66-\uff9f]+"),
    "hangul": re.compile("[\uac00-\ud7a3]|[\u3131-\u318e]{2,}"),
    "latin": re.compile("[A-Za-z\u00c0-\u024f\uff21-\uff3a\uff41-\uff5a]+"),
    "cyrillic": re.compile("[\u0400-\u04ff]{2,}"),
    "greek": re.compile("[\u0370-\u03ff]{2,}"),
    "arabic": re.compile("[\u0620-\u064a]{2,}"),
    "hebrew": re.compile("[\u05d0-\u05ea]{2,}"),
    "thai": re.compile("[\u0e01-\u0e4e]{2,}"),
    "devanagari": re.compile("[\u0904-\u0963]{2,}"),
}
_DIGIT = re.compile(r"\d")
LATIN_WORD_SYLLABLES = 1.5


def can_be_spoken(text: str) -> bool:
    """Whether there is a digit or a word in it: anything that somebody could pronounce."""
    return bool(_DIGIT.search(text)) or bool(_syllables(text))


def syllable_weights(text: str) -> dict[str, float]:
    """Script (``han``, ``latin``, …) to roughly how many syllables the text has in it."""
    return {script: weight / 100 for script, weight in _syllables(text).items()}


def _syllables(text: str) -> Counter[str]:
    """Roughly how many hundredths of a syllable each script holds."""
    counts: Counter[str] = Counter()
    for script, pattern in _SCRIPTS.items():
        found = pattern.findall(text)
        if not found:
            continue
        if script == "latin":
            counts[script] = round(len(found) * LATIN_WORD_SYLLABLES * 100)
        elif script in ("han", "hiragana", "hangul"):
            counts[script] = len(found) * 100
        else:
            counts[script] = sum(len(word) for word in found) * 60
    return counts
