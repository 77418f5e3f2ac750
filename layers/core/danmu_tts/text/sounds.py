"""How Chinese sounds, written one character a syllable, so that texts that sound alike can be compared."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache

# One code a syllable, from Unicode's private use area: no text that was cleaned has any of them.
_FIRST_CODE = 0xE000
# What many speakers do not tell apart: zh and z, n and ng, l and n.
_NEAR_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("l", "n"))
_NEAR_FINALS = (("iang", "ian"), ("ang", "an"), ("eng", "en"), ("ing", "in"))
_REPEATED = re.compile(r"(.{1,16}?)\1+", re.DOTALL)
_LONGEST_SYLLABLE, _LONGEST_SPELLED = 6, 60
_KANA_OFFSET = ord("ァ") - ord("ぁ")


class _Folding(dict[int, int | str | None]):
    """For ``str.translate``: what it was not told is left out, unless it is a letter or a digit."""

    def __missing__(self, code: int) -> int | str | None:
        char = chr(code)
        if "ァ" <= char <= "ヶ":
            folded: int | str | None = code - _KANA_OFFSET
        elif char.isalnum():
            base = unicodedata.normalize("NFKD", char)[0]  # é is e
            folded = (base if base.isascii() and base.isalnum() else char).lower()
        else:
            folded = None
        self[code] = folded
        return folded


class Sounds:
    """The table of syllables."""

    def __init__(self, syllables: Mapping[str, Iterable[str]]) -> None:
        """``syllables``: pinyin without tone (``lv`` for lü) to the hanzi that are read so."""
        self._codes = {name: chr(_FIRST_CODE + number) for number, name in enumerate(sorted(syllables))}
        self._names = {ord(code): f"{name}'" for name, code in self._codes.items()}
        self._of = {ord(char): self._codes[name] for name, chars in syllables.items() for char in chars}
        self.syllables = lru_cache(maxsize=4096)(self._syllables)

    @classmethod
    def parse(cls, table: str) -> "Sounds":
        """Read lines such as ``ba 八巴吧``; those that begin with # are comments."""
        lines = (line.partition(" ") for line in table.splitlines() if line and not line.startswith("#"))
        return cls({name: chars for name, _, chars in lines})

    def spelling(self, codes: str) -> str:
        """The pinyin of codes, without a tone."""
        return codes.translate(self._names).replace("'", "")

    def folding(self, others: Mapping[str, str]) -> dict[int, int | str | None]:
        """A table for ``str.translate``: hanzi to their syllables, letters to small ones, signs to nothing.

        Args:
            others: more characters, and what they are taken for.
        """
        folding = _Folding(self._of)
        folding.update({ord(code): code for code in self._codes.values()})
        folding.update(
            {ord(form): meant for char, meant in others.items() for form in {char, char.upper()} if len(form) == 1}
        )
        return folding

    def collapse_key(self, spoken: str) -> str:
        """Equal for danmu that say the same, whatever the width, case, repeats, marks and near sounds.

        Syllables end in an apostrophe: 可爱可爱！ is ``ke'ai'``. Empty for what has no word.
        """
        folded = spoken.translate(self._near)
        return _REPEATED.sub(r"\1", folded).translate(self._names)

    @cached_property
    def _near(self) -> dict[int, int | str | None]:
        near = {code: self._codes.get(_near_name(name), code) for name, code in self._codes.items()}
        return _Folding({code: near[syllable] for code, syllable in self._of.items()})

    def _syllables(self, letters: str) -> str:
        """Codes of letters that are pinyin from end to end (``nihao``), in as few syllables as can be; else nothing."""
        letters = "".join(unicodedata.normalize("NFKD", letter)[0] for letter in letters.lower())
        if len(letters) > _LONGEST_SPELLED:
            return ""
        ways: list[str | None] = [""] + [None] * len(letters)
        for end in range(1, len(letters) + 1):
            for start in range(max(0, end - _LONGEST_SYLLABLE), end):
                before, code = ways[start], self._codes.get(letters[start:end])
                if before is not None and code and (ways[end] is None or len(before) + 1 < len(ways[end] or "")):
                    ways[end] = before + code
        return ways[-1] or ""


def _near_name(syllable: str) -> str:
    for told, near in _NEAR_FINALS:
        if syllable.endswith(told):
            syllable = syllable.removesuffix(told) + near
            break
    for told, near in _NEAR_INITIALS:
        if syllable.startswith(told):
            return near + syllable.removeprefix(told)
    return syllable
