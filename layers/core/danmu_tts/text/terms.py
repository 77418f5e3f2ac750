"""What a content filter looks for, and what it says of what it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Category(StrEnum):
    """Why something is not spoken."""

    PROFANITY = "profanity"
    HARASSMENT = "harassment"
    SEXUAL = "sexual"
    POLITICS = "politics"
    PRIVATE = "private"


class Action(StrEnum):
    """What becomes of a line that has something of a category; the last one named is the strongest."""

    ALLOW = "allow"
    MASK = "mask"
    DROP = "drop"


class Matching(StrEnum):
    """How a term is recognised."""

    SOUND = "sound"
    """Also by other hanzi that sound so."""
    EXACT = "exact"
    """By its own hanzi or its pinyin: others that sound so are ordinary words."""
    LETTERS = "letters"
    """By its letters, as a word of its own."""


@dataclass(frozen=True, slots=True)
class Term:
    """Something that is not spoken.

    Attributes:
        local: letters that mean it only in a chat that is not English: sb.
    """

    text: str
    category: Category
    matching: Matching
    local: bool = False


@dataclass(frozen=True, slots=True)
class Disguises:
    """What characters are taken for.

    Attributes:
        look_alikes: a letter of another script to the Latin one that it looks like.
        leet: a digit or sign to the letter that it stands for.
        split: a hanzi to the ways in which it is written as two.
    """

    look_alikes: Mapping[str, str] = field(default_factory=dict)
    leet: Mapping[str, str] = field(default_factory=dict)
    split: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """Where in a text something is, and what."""

    start: int
    end: int
    category: Category


class Mask(StrEnum):
    """What is heard in the place of what is hidden."""

    WORD = "word"
    BEEP = "beep"
