"""Who speaks, and who speaks instead when that fails."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from danmu_tts.domain.errors import VoiceNotFoundError
from danmu_tts.domain.voices import Voice, primary_subtag


@dataclass(frozen=True, slots=True)
class BackendView:
    """What is known of a backend when the choice is made.

    Attributes:
        voices: all that it has, its own default first.
        fit: whether it would take a call now.
        score_ms: how long it is expected to take, with its price counted as time.
    """

    name: str
    voices: Sequence[Voice]
    fit: bool = True
    score_ms: float = 0.0


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

    def rank(self, backends: Sequence[BackendView], wish: Wish) -> list[Voice]:
        """Order the voices that may speak: the one that should, then those that take its place.

        What was asked for by name comes first, whatever its state. Otherwise, and among those that take its place, it
        is the first backend in configured order that is fit and not busy; where all are busy, the least busy one; the
        unfit come last. Of each backend one voice is named, the one nearest to what was asked for.

        Args:
            backends: in configured order.

        Raises:
            VoiceNotFoundError: nobody of that name, or nobody for that language.
        """
        asked = self._named(backends, wish)
        speakers = {view.name: self._speaker(view, wish, asked) for view in backends}
        able = [view for view in backends if speakers[view.name]]
        wanted = [view for view in able if view.name == wish.backend] if wish.backend else able
        if asked is None and not wanted:
            raise VoiceNotFoundError(_nobody_speaks(wish, backends), param="voice" if wish.voice else "language")
        ordered = sorted(able, key=lambda view: (wish.backend not in (None, view.name), *self._urge(view, wish)))
        others = [voice for view in ordered if (voice := speakers[view.name])]
        if asked is None:
            return others
        same_backend = [voice for voice in others if voice.backend == asked.backend and voice.id != asked.id]
        return [asked, *same_backend, *(voice for voice in others if voice.backend != asked.backend)]

    def _named(self, backends: Sequence[BackendView], wish: Wish) -> Voice | None:
        """The one voice that was asked for; None where an alias or nothing was."""
        asked = wish.voice
        if asked is None or asked in self.aliases:
            return None
        for view in backends:
            for voice in view.voices if wish.backend in (None, view.name) else ():
                if asked in (voice.id, voice.name):
                    return voice
        raise voice_not_found(asked)

    def _speaker(self, view: BackendView, wish: Wish, like: Voice | None) -> Voice | None:
        """The backend's best voice for the language: by alias or default, else most like the one asked for."""
        speakers = [voice for voice in view.voices if voice.speaks(wish.language) and voice != like]
        if not speakers:
            return None
        for wanted in self._preferred(wish) if like is None else ():
            for voice in speakers:
                if wanted in (voice.id, voice.name):
                    return voice
        if like is None:
            return speakers[0]
        return max(speakers, key=lambda voice: (voice.gender == like.gender, voice.language == like.language))

    def _preferred(self, wish: Wish) -> list[str]:
        return [*self.aliases.get(wish.voice or "", ()), self.defaults.get(primary_subtag(wish.language), "")]

    def _urge(self, view: BackendView, wish: Wish) -> tuple[bool, bool, bool, float]:
        """Sort key of a backend; sorting is stable, so equals keep their configured order."""
        preferred = self._preferred(wish)
        able = (voice for voice in view.voices if voice.speaks(wish.language))
        wanted = any(name in (voice.id, voice.name) for voice in able for name in preferred)
        busy = view.score_ms > self.patience_ms
        return not view.fit, busy, not wanted, view.score_ms if busy else 0.0


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
