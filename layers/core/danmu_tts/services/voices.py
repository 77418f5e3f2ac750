"""All voices of all backends."""

import asyncio
import re
from collections.abc import Mapping, Sequence

from danmu_tts import foreign
from danmu_tts.domain.voices import Voice, VoiceIndex
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.ports import Backend

logger = get_logger("backends")

_LIMIT_S = 3.0
_PAUSE_S = 30.0
# What the API lets one ask for, and what fits into a header of an answer.
_ID = re.compile(r"([a-zA-Z0-9\-_]+:){1,2}[a-zA-Z0-9\-_]+")
_LONGEST_ID = 120
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_GENDERS = ("female", "male", "neutral")


class VoiceCatalogue:
    """Asks each backend anew: a fetched voice is there at once. One that fails to answer keeps its last voices.

    A voice that nobody could ask for, by its id or by its language, is not listed.
    """

    def __init__(self, backends: Mapping[str, Backend]) -> None:
        self._backends = backends
        self._named: dict[str, Sequence[Voice]] = {}
        self._last_good: dict[str, VoiceIndex] = {}
        self._ask_again_s: dict[str, float] = {}

    async def of(self, backend: str) -> VoiceIndex:
        """The voices of one backend, its default first."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._ask_again_s.get(backend, 0.0):
            return self._last_good.get(backend, VoiceIndex())
        try:
            named = await foreign.call(self._backends[backend].get_voices, _LIMIT_S)
            unchanged = isinstance(named, tuple) and named is self._named.get(backend)
            if not unchanged:
                self._last_good[backend] = VoiceIndex(voice for voice in named if _can_be_asked_for(voice, backend))
                self._say_who_is_left_out(backend, named)
                self._named[backend] = named
        except Exception as error:  # noqa: BLE001 - the edge of foreign code: a backend may be anybody's
            logger.warning("voices not named", extra={"backend": backend} | describe_error(error))
            if isinstance(error, TimeoutError):  # not every request shall wait for it
                self._ask_again_s[backend] = loop.time() + _PAUSE_S
        return self._last_good.get(backend, VoiceIndex())

    def _say_who_is_left_out(self, backend: str, named: Sequence[Voice]) -> None:
        left_out = len(named) - len(self._last_good[backend])
        if left_out and len(named) != len(self._named.get(backend, ())):  # once a list
            logger.warning(
                "voices left out: bad id, language or gender", extra={"backend": backend, "voices": left_out}
            )


def _can_be_asked_for(voice: Voice, backend: str) -> bool:
    return (
        isinstance(voice, Voice)
        and isinstance(voice.id, str)
        and len(voice.id) <= _LONGEST_ID
        and _ID.fullmatch(voice.id) is not None
        and voice.backend == backend
        and isinstance(voice.language, str)
        and _LANGUAGE.fullmatch(voice.language) is not None
        and voice.gender in _GENDERS
        and isinstance(voice.styles, tuple)
    )
