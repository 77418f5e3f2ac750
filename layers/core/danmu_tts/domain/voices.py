"""Voices and the choice among them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from danmu_tts.domain.errors import VoiceNotFoundError


@dataclass(frozen=True, slots=True)
class Voice:
    """Someone who can speak.

    Attributes:
        id: ``backend:name``, unique.
        language: BCP 47 tag, e.g. ``zh-CN``.
        gender: ``female``, ``male`` or ``neutral``.
        revision: changes whenever the same text would sound different; part of the cache key.
    """

    id: str
    language: str
    gender: str = "neutral"
    revision: str = ""

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
        return primary_subtag(self.language) == primary_subtag(language)


def primary_subtag(language: str) -> str:
    """``zh`` of ``zh-CN``, ``zh_CN`` and ``ZH``."""
    return language.replace("_", "-").partition("-")[0].lower()


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """How voices are chosen here.

    Attributes:
        aliases: a well-known name (``alloy``) to voice ids in order of preference, one or more a language.
        defaults: primary language subtag to the voice id that speaks when none is asked for.
    """

    aliases: Mapping[str, Sequence[str]]
    defaults: Mapping[str, str]

    def choose(self, voices: Sequence[Voice], *, asked: str | None, backend: str | None, language: str) -> Voice:
        """Pick who speaks.

        Args:
            voices: all that can speak now, backends in configured order.
            asked: a voice id, a bare voice name, an alias, or None to let the language decide.
            backend: only voices of this backend, if given.
            language: the text's language; a voice asked for by id need not match it.

        Raises:
            VoiceNotFoundError: nobody of that name, or nobody for that language.
        """
        candidates = [voice for voice in voices if backend in (None, voice.backend)]
        if asked is not None and asked not in self.aliases:
            return _named(candidates, asked)
        speakers = [voice for voice in candidates if voice.speaks(language)]
        if not speakers:
            raise VoiceNotFoundError(
                _nobody_speaks(language, backend, candidates), param="voice" if asked else "language"
            )
        preferred = [*self.aliases.get(asked or "", ()), self.defaults.get(primary_subtag(language), "")]
        by_id = {voice.id: voice for voice in speakers}
        return next((by_id[voice_id] for voice_id in preferred if voice_id in by_id), speakers[0])


def _named(voices: Sequence[Voice], asked: str) -> Voice:
    for voice in voices:
        if asked in (voice.id, voice.name):
            return voice
    raise VoiceNotFoundError(
        f"No voice named {asked[:80]!r}. GET /v1/audio/voices lists those that speak here.", param="voice"
    )


def _nobody_speaks(language: str, backend: str | None, voices: Iterable[Voice]) -> str:
    spoken = sorted({primary_subtag(voice.language) for voice in voices})
    who = f"Backend {backend!r}" if backend else "This installation"
    known = f"it speaks {', '.join(spoken)}" if spoken else "it has no voice at all"
    return f"{who} has no voice for language {language!r}: {known}. `danmu-tts models list` shows voices to fetch."
