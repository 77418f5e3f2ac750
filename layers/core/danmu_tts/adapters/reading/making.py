"""A reader out of choices: those of everybody, then of a key, then of a room."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from danmu_tts.adapters.reading import tables
from danmu_tts.settings_reading import DEFAULT_ACTIONS, ReadingChoices
from danmu_tts.text.content_filter import ContentFilter
from danmu_tts.text.reading import FilterPolicy, Reader
from danmu_tts.text.rules import ReadingRules, Say, Vocabulary
from danmu_tts.text.terms import Mask, Matching, Term

_IS_LATIN = re.compile("[A-Za-z]")
_Layers = Sequence[ReadingChoices]


def make_reader(layers: _Layers, default_language: str) -> Reader:
    """Of two who choose, the later one has it; words and ordinary words add up."""
    rules = ReadingRules(
        _vocabulary(layers),
        default_language,
        links=_last(layers, "links", Say.SAY),
        mentions=_last(layers, "mentions", Say.SAY),
        hashtags=_last(layers, "hashtags", Say.SAY),
        emoji=_last(layers, "emoji", Say.DROP),
        emotes=_last(layers, "emotes", Say.ALONE),
    )
    actions = dict(DEFAULT_ACTIONS)
    for layer in layers:
        actions |= layer.actions
    policy = FilterPolicy(actions, _last(layers, "mask", Mask.WORD))
    return Reader(rules, _content_filter(layers), policy, tables.sounds())


def _last(layers: _Layers, name: str, otherwise: Any) -> Any:
    """The choice of the last who made one."""
    return next((chosen for layer in reversed(layers) if (chosen := getattr(layer, name)) is not None), otherwise)


def _vocabulary(layers: _Layers) -> Vocabulary:
    ours = tables.vocabulary()
    slang: dict[str, Mapping[str, str]] = dict(ours.slang)
    for layer in layers:
        for language, words in layer.slang.items():
            slang[language] = {**slang.get(language, {}), **{word.lower(): said for word, said in words.items()}}
    return Vocabulary(slang, ours.emotes, ours.emote_words, ours.letter_words, ours.units, ours.phrases)


def _content_filter(layers: _Layers) -> ContentFilter:
    added = [
        Term(word, category, Matching.LETTERS if _IS_LATIN.search(word) and word.isascii() else Matching.EXACT)
        for layer in layers
        for category, words in layer.words.items()
        for word in words
    ]
    allowed = [word for layer in layers for word in layer.allow]
    if not added and not allowed:
        return _packaged_filter()
    return ContentFilter([*tables.terms(), *added], [*tables.allowed(), *allowed], tables.sounds(), tables.disguises())


@cache  # most rooms have no words of their own
def _packaged_filter() -> ContentFilter:
    return ContentFilter(tables.terms(), tables.allowed(), tables.sounds(), tables.disguises())
