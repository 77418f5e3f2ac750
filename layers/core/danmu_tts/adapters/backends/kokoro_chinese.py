"""Chinese text to the phonemes that Kokoro was trained on.

Numbers become hanzi, words become pinyin with tone sandhi, pinyin becomes IPA, and tones become Kokoro's arrows.
Latin words are spelled as letters or read as they are written.
"""

import re
from functools import lru_cache

_RUN = re.compile("([\u3400-\u4dbf\u4e00-\u9fff]+)|([A-Za-z]+)|([^\u3400-\u4dbf\u4e00-\u9fffA-Za-z]+)")
_PUNCTUATION = str.maketrans(
    {"、": ", ", "，": ", ", "。": ". ", "！": "! ", "？": "? ", "：": ": ", "；": "; ", "（": " (", "）": ") "}
    | dict.fromkeys("《「『【«", " “")
    | dict.fromkeys("》」』】»", "” ")
    | {"~": " ", "～": " ", "\n": ". ", "/": " ", "_": " "}
)
# Kokoro writes affricates as one letter, the four tones as arrows, and the vowel of zhi and zi as ɨ.
_KOKORO_SPELLING = (
    ("ʈʂ", "ꭧ"),
    ("tɕ", "ʨ"),
    ("ts", "ʦ"),
    ("˧˩˧", "↓"),
    ("˧˥", "↗"),
    ("˥˩", "↘"),
    ("˥", "→"),
    ("ɻ\u0329", "ɨ"),
    ("ɹ\u0329", "ɨ"),
    ("\u032f", ""),
)
# Letter names as Chinese speakers say them, in Kokoro's phonemes.
_LETTERS = {
    "a": "eɪ", "b": "pi", "c": "si", "d": "ti", "e": "i", "f": "ɛfu", "g": "ʨi", "h": "eɪʨʰɨ", "i": "aɪ", "j": "ʨeɪ",
    "k": "kʰeɪ", "l": "ɛl", "m": "ɛm", "n": "ɛn", "o": "oʊ", "p": "pʰi", "q": "kʰju", "r": "ɑɹ", "s": "ɛs", "t": "tʰi",
    "u": "ju", "v": "weɪ", "w": "tapulju", "x": "ɛks", "y": "waɪ", "z": "ʣi",
}  # fmt: skip
_DIGITS = str.maketrans("0123456789〇", "零一二三四五六七八九零")
# Nobody reads a number of nine digits as a number.
_LONG_NUMBER = re.compile(r"\d{9,}")
_VOWEL = re.compile("[aeiouy]", re.IGNORECASE)
_LONGEST_SPELLED = 4


def chinese_phonemes(text: str) -> str:
    """Phonemes of a Chinese text, words separated by spaces, punctuation kept for its pauses."""
    import cn2an

    spoken = []
    text = _LONG_NUMBER.sub(lambda digits: digits[0].translate(_DIGITS), text)
    for hanzi, latin, other in _RUN.findall(cn2an.transform(text, "an2cn").translate(_DIGITS)):
        if hanzi:
            spoken.append(_words(hanzi))
        elif latin:
            spoken.append(f" {_latin(latin)} ")
        else:
            spoken.append(other.translate(_PUNCTUATION))
    return re.sub(" +", " ", "".join(spoken)).strip()


def _words(hanzi: str) -> str:
    from pypinyin import Style, lazy_pinyin
    from pypinyin.contrib.mmseg import seg

    words = list(seg.cut(hanzi))
    syllables = iter(lazy_pinyin(words, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True))
    return " ".join("".join(_ipa(next(syllables)) for _ in word) for word in words)


def _latin(word: str) -> str:
    """``awsl`` and ``UP`` are spelled; ``nice`` and ``hello`` are read."""
    if len(word) > _LONGEST_SPELLED or (_VOWEL.search(word[1:]) and not word.isupper() and len(word) > 2):
        return word.lower().replace("g", "ɡ")  # the phoneme is U+0261
    return " ".join(_LETTERS[letter] for letter in word.lower())


@lru_cache(maxsize=4096)
def _ipa(syllable: str) -> str:
    """Kokoro's spelling of one numbered pinyin syllable; nothing for what has no pinyin."""
    from pinyin_to_ipa import pinyin_to_ipa

    try:
        phonemes = "".join(pinyin_to_ipa(syllable)[0])
    except ValueError:
        return ""
    for standard, kokoro in _KOKORO_SPELLING:
        phonemes = phonemes.replace(standard, kokoro)
    return phonemes
