"""One voice's audio: from the cache, from whoever is just making it, or made now and paid for."""

from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.domain.cache_key import cache_key
from danmu_tts.domain.speech import Script, SpeechRequest
from danmu_tts.domain.spend import Spending
from danmu_tts.ports import AudioListener, CacheHit, Metrics
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.budget import Budget, cost_of
from danmu_tts.services.maker import Elsewhere, Made, Maker
from danmu_tts.services.single_flight import SingleFlight


@dataclass(frozen=True, slots=True)
class Sourced:
    """Audio and where it is from.

    Attributes:
        cached: the cache tier that had it, ``flight`` where it was being made for somebody else, None where it was
            made for this request.
        first_audio_s: when its first piece was there, in seconds of the clock; None unless it was made.
    """

    key: str
    encoded: EncodedSpeech
    cached: str | None
    first_audio_s: float | None = None
    cost_usd: float = 0.0


class Source:
    """See the module. One instance a process."""

    def __init__(
        self, backends: BackendManager, maker: Maker, flights: SingleFlight, budget: Budget, metrics: Metrics
    ) -> None:
        self._backends = backends
        self._maker = maker
        self._flights = flights
        self._budget = budget
        self._metrics = metrics

    async def fetch(
        self,
        request: SpeechRequest,
        script: Script,
        budget_s: float,
        *,
        permit: Awaitable[object],
        is_first: bool,
        listener: AudioListener | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> Sourced:
        """Get it within so many seconds.

        Args:
            permit: nothing is made or given before it is there; it raises where there is none.
            is_first: no other voice was tried for this request.
            listener: hears it while it is made, if it is made for this request.
            elsewhere: see ``Maker.make``.

        Raises:
            BudgetExhaustedError: it would have to be paid for, and nobody may.
            BackendUnavailableError: the voice failed.
        """
        voice = script.voice
        key = _key(request, script)
        traits = self._backends.watched[voice.backend].backend.traits
        cost = cost_of(script.own_text, traits)

        def spend() -> AbstractAsyncContextManager[Spending]:
            cap_usd = request.room_monthly_usd
            return self._budget.spend(cost, voice.backend, request.principal, request.room, cap_usd)

        async def make(left_s: float) -> Made:
            return await self._maker.make(request, script, left_s, spend, listener, elsewhere)

        tier = "miss"
        found: CacheHit | Made | None
        try:
            found = await self._flights.find(key)
            await permit
            found = found or await self._flights.make(key, budget_s, make)
            if isinstance(found, CacheHit):
                tier = found.tier
                return Sourced(key, found.speech, found.tier)
            return Sourced(key, found.encoded, None, found.first_audio_s, cost.usd)
        finally:
            if is_first or tier != "miss":
                self._metrics.cache(tier=tier)

    async def find(self, request: SpeechRequest, script: Script) -> Sourced | None:
        """Look whether it is there. Raises what is kept in place of audio."""
        key = _key(request, script)
        hit = await self._flights.find(key)
        if hit is None:
            return None
        self._metrics.cache(tier=hit.tier)
        return Sourced(key, hit.speech, hit.tier)

    async def close(self) -> None:
        """Finish what is being kept."""
        await self._flights.close()


def _key(request: SpeechRequest, script: Script) -> str:
    return cache_key(script, request.format, request.prosody, script.voice.style(request.style))
