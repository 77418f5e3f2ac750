"""How a room wants its danmu read: what is said, what is left out, and by which words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Say(StrEnum):
    """What becomes of something that is no word of its own."""

    SAY = "say"
    ALONE = "alone"
    """Said only where the line has no other word."""
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words that are read otherwise than they are written, and what is read for what is no word.

    Attributes:
        slang: language to an abbreviation in lower case to what is said for it.
        emotes: an emote's name as it stands in brackets, in lower case, to language to what is said for it.
        emote_words: the same for those that stand like words (``Kappa``), as they are written.
        letter_words: abbreviations in lower case that every language of chat has (``gg``): they tell no language.
        units: a unit in lower case to its Chinese name.
        phrases: ``link``, ``email``, ``mask`` and such to language to what is said for it.
    """

    slang: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    emotes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    emote_words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    letter_words: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=dict)
    phrases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def phrase(self, name: str, language: str) -> str:
        """What is said for it in a language, else in English."""
        by_language = self.phrases.get(name, {})
        return by_language.get(language) or by_language.get("en", "")


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """One room's.

    Attributes:
        default_language: of lines that have no word to tell by (``666``), a primary language subtag.
    """

    vocabulary: Vocabulary
    default_language: str = "zh"
    links: Say = Say.SAY
    mentions: Say = Say.SAY
    hashtags: Say = Say.SAY
    emoji: Say = Say.DROP
    emotes: Say = Say.ALONE
