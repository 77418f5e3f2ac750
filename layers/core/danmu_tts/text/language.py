"""Which language a danmu is in, told by its script.

Chat lines are too short for statistics and long enough for scripts: kana means Japanese, hangul Korean,
Han characters Chinese. A line in mixed script goes to the language that carries most of its syllables.
"""

import re
from collections import Counter

# Letters of faces such as (°∀°)ﾉ, ¯\_(ツ)_/¯ and (=・ω・=) stand alone between symbols. A word of these scripts has
# two letters or more, so a single one is part of a drawing.
_SCRIPTS = {
    "han": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3005\u3007\U00020000-\U0003134f]"),
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
_LANGUAGE = {
    "han": "zh",
    "hiragana": "ja",
    "katakana": "ja",
    "hangul": "ko",
    "latin": "en",
    "cyrillic": "ru",
    "greek": "el",
    "arabic": "ar",
    "hebrew": "he",
    "thai": "th",
    "devanagari": "hi",
}
_DIGIT = re.compile(r"\d")
_LATIN_WORD_SYLLABLES = 1.5
# "I love this song 啊" is English with a sigh; "这波 nice 啊" is Chinese with a word. The Chinese voice can spell Latin
# letters, the English one cannot read Han, so Chinese wins until Latin clearly outweighs it.
_LATIN_MUST_OUTWEIGH = 3.0


def can_be_spoken(text: str) -> bool:
    """Whether there is a digit or a word in it: anything that somebody could pronounce."""
    return bool(_DIGIT.search(text)) or bool(_syllables(text))


def detect_language(text: str, default: str) -> str:
    """Name the language to speak a text in.

    Args:
        text: cleaned text.
        default: answer for texts without any word (``666``, ``233``).

    Returns:
        A primary language subtag such as ``zh``.
    """
    syllables = _syllables(text)
    if not syllables:
        return default
    if "hiragana" in syllables:
        return "ja"
    latin = syllables.pop("latin", 0.0)
    if not syllables:
        return "en"
    script, weight = max(syllables.items(), key=lambda item: item[1])
    return "en" if latin > _LATIN_MUST_OUTWEIGH * weight else _LANGUAGE[script]


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
            counts[script] = round(len(found) * _LATIN_WORD_SYLLABLES * 100)
        elif script in ("han", "hiragana", "hangul"):
            counts[script] = len(found) * 100
        else:
            counts[script] = sum(len(word) for word in found) * 60
    return counts
