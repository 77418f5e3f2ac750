"""The word lists that come with the package."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from danmu_tts.text.rules import Vocabulary
from danmu_tts.text.sounds import Sounds
from danmu_tts.text.terms import Category, Disguises, Matching, Term

_LANGUAGES = ("zh", "en", "ja", "ko")
# So few letters mean something else in English: sb.
_LONGEST_LOCAL = 2


@cache
def sounds() -> Sounds:
    """How each hanzi sounds."""
    return Sounds.parse(_text("reading/syllables.txt"))


@cache
def vocabulary() -> Vocabulary:
    """What is said for what is no ordinary word."""
    words, emotes = _json("reading/words.json"), _json("reading/emotes.json")
    return Vocabulary(
        slang=_json("reading/slang.json"),
        emotes=emotes["bracketed"],
        emote_words=emotes["words"],
        letter_words=frozenset(words["letter_words"]),
        units=words["units"],
        phrases=words["phrases"],
    )


@cache
def terms() -> tuple[Term, ...]:
    """What the content filter looks for."""
    return tuple(_terms(_json("filter/words.json")))


@cache
def allowed() -> tuple[str, ...]:
    """Ordinary words in which it finds nothing."""
    return tuple(_json("filter/words.json")["allow"])


@cache
def disguises() -> Disguises:
    """What characters stand for in disguised words."""
    words = _json("filter/words.json")
    return Disguises(words["look_alikes"], words["leet"], words["split"])


def _terms(words: Mapping[str, Any]) -> Iterator[Term]:
    for language in _LANGUAGES:
        for category, by_matching in words[language].items():
            for matching, texts in by_matching.items():
                for text in texts:
                    is_local = language == "zh" and text.isascii() and len(text) <= _LONGEST_LOCAL
                    yield Term(text, Category(category), Matching(matching), is_local)


def _json(name: str) -> Any:
    return json.loads(_text(name))


def _text(name: str) -> str:
    return (files("danmu_tts") / "data" / name).read_text("utf-8")
