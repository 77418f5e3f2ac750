"""A vendor's list of voices: there at once, refreshed behind the scenes, kept while the vendor is away."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files

from danmu_tts.domain.errors import BackendTimeoutError, BackendUnavailableError
from danmu_tts.domain.voices import Voice
from danmu_tts.observability import get_logger

logger = get_logger("backends")

_RETRY_S = 30.0
_FETCH_LIMIT_S = 10.0
_FIRST_WAIT_S = 2.0
_FRESH_S = 10.0


class VoiceList:
    """The last good list. The first one is in the package, so that nobody waits for a vendor to name its voices."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Sequence[Voice]]],
        known: Sequence[Voice],
        ttl_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``fetch`` asks the vendor; ``known`` is used until it has answered."""
        self._fetch = fetch
        self._voices = tuple(known)
        self._places = {voice.id: place for place, voice in enumerate(known)}
        self._ttl_s = ttl_s
        self._clock = clock
        self._stale_at_s = self._refreshed_at_s = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None

    def get(self) -> Sequence[Voice]:
        """What is known now; a list past its time is refreshed meanwhile."""
        under_way = self._refreshing is not None and not self._refreshing.done()
        if self._clock() >= self._stale_at_s and not under_way:
            self._stale_at_s = self._clock() + _RETRY_S
            self._refreshing = asyncio.create_task(self._refresh_quietly())
        return self._voices

    async def get_asked(self) -> Sequence[Voice]:
        """Like :meth:`get`, but the very first callers wait a moment for the vendor: what is known is only a guess."""
        first = self._stale_at_s == float("-inf")
        voices = self.get()
        if first and self._refreshing:
            await asyncio.wait([self._refreshing], timeout=_FIRST_WAIT_S)
            voices = self._voices
        return voices

    async def refresh(self) -> Sequence[Voice]:
        """Ask the vendor now. Raises BackendUnavailableError; the last good list stays."""
        try:
            async with asyncio.timeout(_FETCH_LIMIT_S):
                voices = await self._fetch()
        except TimeoutError as error:
            raise BackendTimeoutError("The list of voices does not end.") from error
        self._refreshed_at_s = self._clock()
        if voices:  # the known ones lead, in their order: a vendor's own order makes some dialect the default
            self._voices = tuple(sorted(voices, key=lambda voice: self._places.get(voice.id, len(self._places))))
        self._stale_at_s = self._clock() + self._ttl_s
        return self._voices

    async def still_has(self, voice: Voice) -> bool:
        """Whether the vendor's newest list has a voice; asked for now, unless it has just been had.

        Raises:
            BackendUnavailableError: the vendor does not say.
        """
        if self._clock() - self._refreshed_at_s > _FRESH_S:
            await self.refresh()
        return any(each.id == voice.id for each in self._voices)

    def withdraw(self, name: str) -> None:
        """Forget a voice that the vendor says it no longer has."""
        self._voices = tuple(voice for voice in self._voices if voice.name != name)

    def stop(self) -> None:
        """Give up a refresh that is under way."""
        if self._refreshing:
            self._refreshing.cancel()
        self._refreshing = None

    async def _refresh_quietly(self) -> None:
        try:
            await self.refresh()
        except BackendUnavailableError as error:
            logger.warning("voices not refreshed, the last list stays", extra={"reason": error.message})
        except Exception:  # nobody waits for this task to hear of it
            logger.exception("voices not refreshed, the last list stays")


def known_gender(said: str) -> str:
    """A vendor's word for a gender, by one of ours."""
    return said.lower() if said.lower() in ("female", "male") else "neutral"


def packaged_voices(backend: str, revision: str) -> list[Voice]:
    """Voices that a backend is known to have: ``data/voices/NAME.json``, language to gender to names."""
    known = json.loads((files("danmu_tts") / "data" / "voices" / f"{backend}.json").read_text("utf-8"))
    return [
        Voice(f"{backend}:{name}", language, gender, revision)
        for language, genders in known.items()
        for gender, names in genders.items()
        for name in names
    ]
