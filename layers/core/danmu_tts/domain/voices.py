"""Voices."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

ANY_LANGUAGE = "mul"
ANY_STYLE = "*"


@dataclass(frozen=True, slots=True)
class Voice:
    """Someone who can speak.

    Attributes:
        id: ``backend:name``, unique.
        language: BCP 47 tag, e.g. ``zh-CN``; ``mul`` (ISO 639-2) for a voice that reads any language.
        gender: ``female``, ``male`` or ``neutral``.
        revision: changes whenever the same text would sound different; part of the cache key.
        styles: ways of speaking that it knows by name; ``ANY_STYLE`` where it follows free instructions.
    """

    id: str
    language: str
    gender: str = "neutral"
    revision: str = ""
    styles: tuple[str, ...] = ()

    @property
    def backend(self) -> str:
        """The part before the colon."""
        return self.id.partition(":")[0]

    @property
    def name(self) -> str:
        """The part after the colon."""
        return self.id.partition(":")[2]

    def speaks(self, language: str) -> bool:
        """Whether the primary subtag is the same: a ``zh-TW`` voice can read ``zh-CN``."""
        return primary_subtag(self.language) in (ANY_LANGUAGE, primary_subtag(language))

    def style(self, asked: str | None) -> str | None:
        """What was asked for, where this voice can do it."""
        return asked if asked and (asked in self.styles or ANY_STYLE in self.styles) else None


def primary_subtag(language: str) -> str:
    """``zh`` of ``zh-CN``, ``zh_CN`` and ``ZH``."""
    return language.replace("_", "-").partition("-")[0].lower()


class VoiceIndex(tuple[Voice, ...]):
    """One backend's voices in its own order, found by name or language without walking through hundreds of them."""

    def __new__(cls, voices: Iterable[Voice] = ()) -> Self:
        """An index is returned as it is."""
        return voices if isinstance(voices, cls) else super().__new__(cls, voices)

    def called(self, name: str) -> Voice | None:
        """The voice of that id or bare name."""
        return self._by_name.get(name)

    def speaking(self, language: str) -> Sequence[Voice]:
        """Those that speak a language, in order."""
        return self._by_language.get(primary_subtag(language), self._by_language.get(ANY_LANGUAGE, ()))

    @cached_property
    def _by_name(self) -> Mapping[str, Voice]:
        return {name: voice for voice in reversed(self) for name in (voice.name, voice.id)}

    @cached_property
    def _by_language(self) -> Mapping[str, Sequence[Voice]]:
        languages = {primary_subtag(voice.language) for voice in self}
        return {language: tuple(voice for voice in self if voice.speaks(language)) for language in languages}
