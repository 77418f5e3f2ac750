"""How long a text takes to say, roughly: enough to tell speech from the beginning of speech."""

import re

from danmu_tts.domain.voices import ANY_LANGUAGE, primary_subtag
from danmu_tts.text.scripts import syllable_weights

# 14 syllables a second: the fastest of seven languages has 7.84 (Pellegrino, Coupe and Marsico, Language 87, 2011).
_SHORTEST_SYLLABLE_MS = 70
# A digit or a symbol may be a whole word.
_LONGEST_CHARACTER_MS, _LONGEST_EXTRA_MS = 1000, 30_000
# The estimate is too rough for a word or two.
_TOO_FEW_SYLLABLES = 8
_LATIN_WORD = re.compile("[A-Za-z\u00c0-\u024f]+")
_VOWELS = re.compile("[aeiouy\u00e0-\u00e6\u00e8-\u00ef\u00f2-\u00f6\u00f8-\u00fd]+")
_READ_BY = {
    "zh": ("han", "latin"),
    "ja": ("han", "hiragana", "katakana", "latin"),
    "ko": ("hangul", "latin"),
    "ru": ("cyrillic", "latin"),
}


def shortest_plausible_ms(text: str, voice_language: str, tempo: float) -> float:
    """Milliseconds below which speech must have been cut off; 0 where the text is too short to tell.

    Only what a voice of that language reads is counted: an English voice may skip what is Chinese.
    """
    language = primary_subtag(voice_language)
    weights = syllable_weights(text) | {"latin": sum(_vowel_groups(word) for word in _LATIN_WORD.findall(text))}
    scripts = weights if language == ANY_LANGUAGE else _READ_BY.get(language, ("latin",))
    syllables = sum(weights.get(script, 0.0) for script in scripts)
    return syllables * _SHORTEST_SYLLABLE_MS / tempo if syllables >= _TOO_FEW_SYLLABLES else 0.0


def longest_plausible_ms(text: str, tempo: float) -> float:
    """Milliseconds above which nobody is still saying this text: a second a character, and half a minute."""
    return (_LONGEST_CHARACTER_MS * len(text) + _LONGEST_EXTRA_MS) / min(tempo, 1.0)


def _vowel_groups(word: str) -> int:
    """The least syllables that a Latin word may have; a final e is often silent."""
    groups = _VOWELS.findall(word.lower().removesuffix("e"))
    return max(1, len(groups))
