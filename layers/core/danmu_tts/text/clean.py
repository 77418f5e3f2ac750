"""Remove what no voice can pronounce and what could be taken for a command."""

import re
import unicodedata

# Control and format characters (NUL, bidirectional marks, zero-width marks), private use, unassigned, surrogates.
_UNSPEAKABLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_LINE_BREAKS = re.compile("[\r\n\v\f\x85\u2028\u2029]+")
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_BREAKS = re.compile(r" ?\n[ \n]*")


def clean(text: str) -> str:
    """Return the text with only printable characters, single spaces, and ``\\n`` as the only line break."""
    text = _LINE_BREAKS.sub("\n", text)
    if not text.isprintable():
        text = "".join(_printable(char) for char in text)
    return _AROUND_BREAKS.sub("\n", _SPACES.sub(" ", text)).strip()


def _printable(char: str) -> str:
    if char in "\n\t" or unicodedata.category(char) not in _UNSPEAKABLE:
        return char
    return ""
