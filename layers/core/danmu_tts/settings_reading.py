"""How danmu are read aloud: settings for everybody, and a file for single rooms and keys."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from danmu_tts.text.rules import Say
from danmu_tts.text.terms import Action, Category, Mask


def _has_a_letter(word: str) -> str:
    if not any(map(str.isalnum, word)):
        raise ValueError("has no letter and no digit, so that nobody would say it")
    return word


_Word = Annotated[str, StringConstraints(min_length=1, max_length=60)]
_Spoken = Annotated[_Word, AfterValidator(_has_a_letter)]
_Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
_SayOrDrop = Literal[Say.SAY, Say.DROP]

DEFAULT_ACTIONS = {
    Category.PROFANITY: Action.MASK,
    Category.HARASSMENT: Action.DROP,
    Category.SEXUAL: Action.DROP,
    Category.POLITICS: Action.ALLOW,
    Category.PRIVATE: Action.MASK,
}


class ReadingChoices(BaseModel):
    """What a room, a key or everybody may choose; what is left out is as it is for everybody."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    links: _SayOrDrop | None = Field(None, description="Say that there is a link, or nothing.")
    mentions: _SayOrDrop | None = Field(None, description="The name after an @.")
    hashtags: _SayOrDrop | None = None
    emoji: Say | None = Field(None, description="Their names; `alone` where a line has nothing else.")
    emotes: Say | None = Field(None, description="The same for the platforms' own, [doge].")
    slang: dict[_Language, dict[_Word, _Word]] = Field({}, description="Language to a word to what is said for it.")
    actions: dict[Category, Action] = Field({}, description="What becomes of a line with something of a category.")
    mask: Mask | None = Field(None, description="What is heard for what is masked.")
    words: dict[Category, list[_Spoken]] = Field({}, description="More to look for, in any language.")
    allow: list[_Word] = Field([], description="Ordinary words in which nothing is to be found.")


class ReadingFile(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: ReadingChoices = ReadingChoices()
    keys: dict[str, ReadingChoices] = Field({}, description="By the id of an API key.")
    rooms: dict[str, ReadingChoices] = Field({}, description="By the name of a room; these come before a key's.")


class ReadingSettings(ReadingChoices):
    """How danmu are read aloud. A misspelt variable is told by ``doctor``, as those of the other classes are."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file: Path | None = Field(
        None,
        description="JSON with choices: `default`, by `keys` and by `rooms`; read anew when it changes.",
    )
