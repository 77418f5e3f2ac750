"""Emoji and the platforms' own little pictures."""

import re
from collections.abc import Callable
from functools import lru_cache

from danmu_tts.text.aligned import Aligned
from danmu_tts.text.faces import FACES
from danmu_tts.text.line import Line
from danmu_tts.text.rules import Say
from danmu_tts.text.scripts import can_be_spoken

_EMOTE = re.compile(r"\[([^\[\]\s]{1,20})\]")
# Arms held up around a name: \嘉然/
_CHEER = re.compile(r"[\\/|｜] ?(?=[^\\/|｜\s]*[\u3041-\u9fff])([^\\/|｜\s]{1,12})[/|｜]")
_EMOJI = re.compile("[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
                    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]")  # fmt: skip
_LATIN_WORD = re.compile(r"(?<![\w])[A-Z][A-Za-z0-9]{2,}(?![\w])", re.ASCII)
_LONGEST_NAME = 22
_NAMED_IN = frozenset({"en", "es", "ja", "ko", "pt", "it", "fr", "de", "fa", "id", "zh", "ru", "tr", "ar"})


def say_emotes(read: Aligned, line: Line) -> Aligned:
    """Leave out what stands for a picture, or say its name."""
    text = read.text
    if "\\" in text or "/" in text or "|" in text:
        read = read.sub(_CHEER, lambda match: match[1])
    if "[" in text:
        read = _say_bracketed(read, line)
    if line.rules.vocabulary.emote_words and _LATIN_WORD.search(text):
        read = _say_words(read, line)
    if not text.isascii() and line.rules.emoji is not Say.DROP and _EMOJI.search(text):
        read = _say_emoji(read, line)
    return read


def _say_bracketed(read: Aligned, line: Line) -> Aligned:
    rest = _EMOTE.sub(" ", read.text)
    if not _is_said(line.rules.emotes, rest):
        return read.sub(_EMOTE, " ")
    names, language = line.rules.vocabulary.emotes, line.spans(rest).main
    return read.sub(_EMOTE, _once(lambda match: names.get(match[1].lower(), {}).get(language) or match[1]))


def _say_words(read: Aligned, line: Line) -> Aligned:
    """Those that are written like words."""
    names = line.rules.vocabulary.emote_words
    rest = _LATIN_WORD.sub(lambda match: " " if match[0] in names else match[0], read.text)
    if rest == read.text:
        return read
    is_said, language = _is_said(line.rules.emotes, rest), line.spans(rest).main

    def name(match: re.Match[str]) -> str | None:
        by_language = names.get(match[0])
        if by_language is None:
            return None
        return by_language.get(language) or match[0].lower() if is_said else ""

    return read.sub(_LATIN_WORD, _once(name))


def _say_emoji(read: Aligned, line: Line) -> Aligned:
    """The first one's name: a row of pictures is not a list to be read out."""
    rest = _EMOJI.sub(" ", read.text)
    names = (emoji_name(match[0], line.spans(rest).main) for match in _EMOJI.finditer(read.text))
    first = next(filter(None, names), "") if _is_said(line.rules.emoji, rest) else ""
    return read.sub(_EMOJI, _once(lambda _: first))


def _once(name: Callable[[re.Match[str]], str | None]) -> Callable[[re.Match[str]], str]:
    """Say each name once; None: it has no name, and stays."""
    said = {""}

    def say(match: re.Match[str]) -> str:
        spoken = name(match)
        if spoken is None:
            return match[0]
        if spoken in said:
            return " "
        said.add(spoken)
        return f" {spoken} "

    return say


def _is_said(how: Say, rest: str) -> bool:
    return how is Say.SAY or (how is Say.ALONE and not can_be_spoken(FACES.sub(" ", rest)))


@lru_cache(maxsize=1024)
def emoji_name(char: str, language: str) -> str:
    """Its short name in a language, else in English; nothing where it has none that is short."""
    import emoji

    named_in = language if language in _NAMED_IN else "en"
    name = emoji.demojize(char, language=named_in)
    if name == char:
        return ""
    name = name.strip(":").replace("_", " ").replace("-", " ")
    return name if len(name) <= _LONGEST_NAME else ""
