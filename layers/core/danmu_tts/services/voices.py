"""All voices of all backends, and the choice among them."""

from collections.abc import Mapping, Sequence

from danmu_tts.domain.errors import InvalidRequestError, NoBackendsAvailableError
from danmu_tts.domain.voices import Voice, VoiceChoice
from danmu_tts.ports import Backend, BackendHealth


class VoiceCatalogue:
    """One list over all backends, in configured order. Read anew each time: a fetched voice is there at once."""

    def __init__(self, backends: Mapping[str, Backend], choice: VoiceChoice) -> None:
        self.backends = backends
        self._choice = choice

    @property
    def aliases(self) -> Sequence[str]:
        """Well-known names that resolve to a voice here."""
        return tuple(self._choice.aliases)

    async def list(self, *, language: str | None = None, backend: str | None = None) -> list[Voice]:
        """Voices that can speak now, optionally only of a language or a backend."""
        self._check_backend(backend)
        voices = [voice for each in self.backends.values() for voice in await each.get_voices()]
        return [v for v in voices if backend in (None, v.backend) and (language is None or v.speaks(language))]

    async def choose(self, *, asked: str | None, backend: str | None, language: str) -> Voice:
        """Pick who speaks. Raises VoiceNotFoundError, InvalidRequestError, NoBackendsAvailableError."""
        voices = await self.list(backend=backend)
        if not voices and backend is None:
            raise NoBackendsAvailableError("No voice is installed. Run `danmu-tts doctor` to see what is missing.")
        return self._choice.choose(voices, asked=asked, backend=backend, language=language)

    async def health(self) -> dict[str, BackendHealth]:
        """Each backend's own word on whether it would speak."""
        return {name: await backend.health_check() for name, backend in self.backends.items()}

    def _check_backend(self, backend: str | None) -> None:
        if backend is not None and backend not in self.backends:
            known = ", ".join(self.backends)
            raise InvalidRequestError(f"Unknown backend {backend[:80]!r}. Known here: {known}.", param="backend")
