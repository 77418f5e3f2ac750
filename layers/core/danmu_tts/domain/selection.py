"""Who speaks, and who speaks instead when that fails."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain, islice

from danmu_tts.domain.errors import VoiceNotFoundError
from danmu_tts.domain.voices import Voice, VoiceIndex, primary_subtag

# Voices of one backend that are worth trying for one request.
_NAMED = 2


@dataclass(frozen=True, slots=True)
class BackendView:
    """What is known of a backend when the choice is made.

    Attributes:
        voices: all that it has, its own default first; given as a ``VoiceIndex``, it is not indexed anew.
        fit: whether it would take a call now.
        score_ms: how long it is expected to take, with its price counted as time.
        steps_in: whether it may take the place of one that is only busy. Where it speaks elsewhere, nobody may be
            there, which is known only when its time is over: worse than one that is busy.
    """

    name: str
    voices: Sequence[Voice]
    fit: bool = True
    score_ms: float = 0.0
    steps_in: bool = True


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller asked for, or left open.

    Attributes:
        voice: a voice id, a bare voice name, an alias, or None to let the language decide.
        backend: whose voices are wanted, or None.
        language: the text's language; a voice asked for by name need not match it.
    """

    language: str
    voice: str | None = None
    backend: str | None = None


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """How voices are chosen here.

    Attributes:
        aliases: a well-known name (``alloy``) to the ids or names of voices that answer to it.
        defaults: primary language subtag to the voice id that speaks when none is asked for.
        patience_ms: whoever is expected to take longer is busy, and a later backend may go first.
    """

    aliases: Mapping[str, Sequence[str]]
    defaults: Mapping[str, str]
    patience_ms: float = 2000.0

    def is_alias(self, name: str) -> bool:
        """Whether it stands for a voice in each language rather than for one."""
        return name in self.aliases

    def rank(self, backends: Sequence[BackendView], wish: Wish) -> list[Voice]:
        """Order the voices that may speak: the one that should, then those that take its place.

        What was asked for by name comes first, whatever its state. Otherwise, and among those that take its place, it
        is the first backend in configured order that is fit and not busy; where all are busy, the least busy one; the
        unfit come last. One that does not step in goes after all that are fit, unless it is the first of them or has
        the preferred voice. Of each backend two voices are named, the nearest to what was asked for first: one may be
        gone.

        Args:
            backends: in configured order.

        Raises:
            VoiceNotFoundError: nobody of that name, or nobody for that language.
        """
        asked = self._named(backends, wish)
        home = asked.backend if asked else wish.backend
        speakers = {view.name: self._speakers(view, wish, asked) for view in backends}
        if asked is None and not any(speakers[view.name] for view in backends if home in (None, view.name)):
            raise VoiceNotFoundError(_nobody_speaks(wish, backends), param="voice" if wish.voice else "language")
        first = next((view for view in backends if view.fit and speakers[view.name]), None)
        ordered = sorted(
            backends, key=lambda view: (home not in (None, view.name), *self._urge(view, wish, view is first))
        )
        others = [voice for view in ordered for voice in speakers[view.name]]
        return [asked, *others] if asked else others

    def _named(self, backends: Sequence[BackendView], wish: Wish) -> Voice | None:
        """The one voice that was asked for; None where an alias or nothing was."""
        asked = wish.voice
        if asked is None or self.is_alias(asked):
            return None
        for view in backends:
            voice = VoiceIndex(view.voices).called(asked) if wish.backend in (None, view.name) else None
            if voice:
                return voice
        if wish.backend and any(VoiceIndex(view.voices).called(asked) for view in backends):
            raise VoiceNotFoundError(f"Voice {asked[:80]!r} is not one of {wish.backend!r}.", param="voice")
        raise voice_not_found(asked)

    def _speakers(self, view: BackendView, wish: Wish, like: Voice | None) -> list[Voice]:
        """Its best voice for the language, by alias or default or most like the one asked for, and the next best."""
        voices = VoiceIndex(view.voices)
        speakers = voices.speaking(wish.language)
        if like:
            others = (voice for voice in speakers if voice != like)
            return nlargest(_NAMED, others, key=lambda voice: _likeness(voice, like))
        best = self._preferred(voices, wish)
        rest = (voice for voice in speakers if voice != best)
        return list(islice(chain([best] if best else [], rest), _NAMED))

    def _preferred(self, voices: VoiceIndex, wish: Wish) -> Voice | None:
        """The first of the alias's voices, else the language's default, that is here and speaks the language."""
        default = self.defaults.get(primary_subtag(wish.language), "")
        for name in (*self.aliases.get(wish.voice or "", ()), default):
            voice = voices.called(name)
            if voice and voice.speaks(wish.language):
                return voice
        return None

    def _urge(self, view: BackendView, wish: Wish, is_first: bool) -> tuple[bool, bool, bool, bool, float]:
        """Sort key of a backend; sorting is stable, so equals keep their configured order."""
        wanted = self._preferred(VoiceIndex(view.voices), wish) is not None
        waits = not (view.steps_in or is_first or wanted)
        busy = view.score_ms > self.patience_ms
        return not view.fit, waits, busy, not wanted, view.score_ms if busy else 0.0


def _likeness(voice: Voice, other: Voice) -> tuple[bool, bool]:
    """Sort key. The locale counts more: a Cantonese voice reads Mandarin as Cantonese."""
    return voice.language == other.language, voice.gender == other.gender


def voice_not_found(asked: str) -> VoiceNotFoundError:
    """Nobody of that name is here."""
    return VoiceNotFoundError(
        f"No voice named {asked[:80]!r}. GET /v1/audio/voices lists those that speak here.", param="voice"
    )


def _nobody_speaks(wish: Wish, backends: Iterable[BackendView]) -> str:
    voices = [voice for view in backends if wish.backend in (None, view.name) for voice in view.voices]
    spoken = sorted({primary_subtag(voice.language) for voice in voices})
    who = f"Backend {wish.backend!r}" if wish.backend else "This installation"
    known = f"it speaks {', '.join(spoken)}" if spoken else "it has no voice at all"
    return (
        f"{who} has no voice for language {wish.language!r}: {known}. "
        "`danmu-tts models list` shows voices to fetch, `danmu-tts doctor` backends to enable."
    )
