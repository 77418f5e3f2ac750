"""Addresses, mentions and hashtags: nobody reads an address aloud."""

import re

from danmu_tts.text.aligned import Aligned
from danmu_tts.text.line import Line
from danmu_tts.text.rules import Say

_MAY_HOLD = re.compile(r"[.@#]|[bB][vV]1|://")
_TLD = "com|cn|tv|net|org|edu|gov|io|me|gg|jp|kr|tw|hk|co|cc|top|xyz|app|dev|live|fm|ly|info|site|club|vip|online"
_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)
_LINK = re.compile(
    rf"(?:[a-z][a-z0-9+.-]*://|www\.)[!-~]+"
    rf"|(?<![\w@.-])(?:[a-z0-9][a-z0-9-]*\.)+(?:{_TLD})(?![a-z0-9-])(?::\d+)?(?:/[!-~]*)?"
    r"|(?<![a-z0-9])BV1[0-9a-z]{9}(?![0-9a-z])",
    re.ASCII | re.IGNORECASE,
)
# Where it is a verb.
_CALLING = re.compile("@(?=[我你他她])")
_MENTION = re.compile(r"(?<!@)@++(?=\w)")
_WHOLE_MENTION = re.compile(r"(?<!@)@++[\w-]+\s*")
_HASHTAG = re.compile(r"#([^#\n]{1,40})#|#(?=\w)")
_WHOLE_HASHTAG = re.compile(r"#[^#\n]{1,40}#|#\w+\s*")


def say_links(read: Aligned, line: Line) -> Aligned:
    """Say that there is a link, not which."""
    if not _MAY_HOLD.search(read.text):
        return read
    bare = _LINK.sub(" ", _EMAIL.sub(" ", read.text))
    if bare == read.text:
        return read
    language, vocabulary = line.spans(bare).main, line.rules.vocabulary
    says = line.rules.links is not Say.DROP
    for pattern, name in ((_EMAIL, "email"), (_LINK, "link")):
        read = read.sub(pattern, _spaced(vocabulary.phrase(name, language), language) if says else " ")
    return read


def without_links(written: Aligned) -> Aligned:
    """What is left to be spoken."""
    return written.sub(_EMAIL, " ").sub(_LINK, " ") if _MAY_HOLD.search(written.text) else written


def say_names(read: Aligned, line: Line) -> Aligned:
    """Whom a line is for, and what it is about, without the sign before it."""
    if "@" in read.text:
        read = read.sub(_CALLING, "艾特") if line.language == "zh" else read
        drop = line.rules.mentions is Say.DROP
        read = read.sub(_WHOLE_MENTION if drop else _MENTION, "")
    if "#" in read.text:
        drop = line.rules.hashtags is Say.DROP
        read = read.sub(_WHOLE_HASHTAG, "") if drop else read.sub(_HASHTAG, lambda match: match[1] or "")
    return read


def _spaced(phrase: str, language: str) -> str:
    return phrase if language in ("zh", "ja") else f" {phrase} "
