"""Pinyin for Piper's newer Chinese voices.

Their phonemizer fetches a large model (g2pW) from a hub at first use, which a Lambda cannot and a listener should not
wait for. pypinyin's phrase dictionary gives the same kind of answer from its package.
"""

import re
from typing import Any, cast

_SYLLABLE = re.compile(r"[a-züv]+[1-5]")


def install_pinyin_phonemizer(voice: Any) -> None:
    """Make a ``piper.PiperVoice`` of phoneme type pinyin speak without fetching anything."""
    from piper.phonemize_chinese import ChinesePhonemizer
    from unicode_rbnf import RbnfEngine

    phonemizer = ChinesePhonemizer.__new__(ChinesePhonemizer)
    phonemizer.number_engine = RbnfEngine.for_language("zh")
    phonemizer.g2p = _g2p
    voice._chinese_phonemizer = phonemizer


def _g2p(sentence: str) -> list[list[str | None]]:
    """One numbered syllable a character, None where it is not a hanzi: the shape of g2pW's answer."""
    from pypinyin import Style, lazy_pinyin

    # What has no pinyin comes back as itself, one entry a character, and is no syllable.
    syllables = lazy_pinyin(sentence, style=Style.TONE3, neutral_tone_with_five=True, errors=cast(Any, list))
    return [[each if _SYLLABLE.fullmatch(each) else None for each in syllables]]
