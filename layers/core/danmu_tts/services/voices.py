"""All voices of all backends."""

from collections.abc import Mapping, Sequence

from danmu_tts.domain.voices import Voice, VoiceIndex
from danmu_tts.observability import get_logger
from danmu_tts.ports import Backend

logger = get_logger("backends")


class VoiceCatalogue:
    """Asks each backend anew: a fetched voice is there at once. One that fails to answer keeps its last voices.

    A voice that does not bear its backend's name could not be found again, so it is not listed.
    """

    def __init__(self, backends: Mapping[str, Backend]) -> None:
        self._backends = backends
        self._named: dict[str, Sequence[Voice]] = {}
        self._last_good: dict[str, VoiceIndex] = {}

    async def of(self, backend: str) -> VoiceIndex:
        """The voices of one backend, its default first."""
        try:
            named = await self._backends[backend].get_voices()
            unchanged = isinstance(named, tuple) and named is self._named.get(backend)
            if not unchanged:
                self._last_good[backend] = VoiceIndex(voice for voice in named if voice.backend == backend)
                self._named[backend] = named
        except Exception as error:  # noqa: BLE001 - the edge of foreign code: a backend may be anybody's
            logger.warning("voices not named", extra={"backend": backend, "reason": type(error).__name__})
        return self._last_good.get(backend, VoiceIndex())
