"""Speech from one voice: what it is asked, how often, and how the answer is encoded."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, replace

from danmu_tts.domain.audio import AudioChunk, EncodedSpeech
from danmu_tts.domain.errors import BackendUnavailableError
from danmu_tts.domain.speech import Script, SpeechRequest, Utterance
from danmu_tts.domain.spend import Spending
from danmu_tts.domain.voices import Voice
from danmu_tts.ports import AudioEncoders, AudioJoiners, AudioListener, BackendTraits
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.encoding import Delivery, encode
from danmu_tts.services.joining import join

_ATTEMPTS = 2
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.15
_PLAIN = BackendTraits()
# With less than this left, somebody else had better try.
_LEAST_BUDGET_S = 0.5


@dataclass(frozen=True, slots=True)
class Made:
    """Finished audio, and when its first piece was there (seconds of the clock)."""

    encoded: EncodedSpeech
    first_audio_s: float


Spend = Callable[[], AbstractAsyncContextManager[Spending]]
Elsewhere = Callable[[Utterance], AsyncGenerator[AudioChunk, None]]
"""What a backend made elsewhere, or failed with: taken instead of calling it."""


def _for_nothing() -> AbstractAsyncContextManager[Spending]:
    return nullcontext(Spending())


def _unheard(_: bytes) -> None:
    """Nobody listens while it is made."""


class Maker:
    """Asks one backend, and once more, after a moment, where that may help."""

    def __init__(
        self,
        backends: BackendManager,
        encoders: AudioEncoders,
        joiners: AudioJoiners,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``clock`` counts seconds from any start."""
        self._backends = backends
        self._encoders = encoders
        self._joiners = joiners
        self._clock = clock
        self._sleep = sleep

    async def make(
        self,
        request: SpeechRequest,
        script: Script,
        budget_s: float,
        spend: Spend = _for_nothing,
        listener: AudioListener | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> Made:
        """Speak within so many seconds. ``spend`` is around each call of the backend; ``listener`` hears all of it.

        Raises BackendUnavailableError, NothingToSayError, UnsupportedFormatError.
        """
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

        watched = self._backends.watched[script.voice.backend]
        ends_s = self._clock() + budget_s

        def is_worth_repeating(error: BaseException) -> bool:
            now_s = self._clock()
            in_time = ends_s - now_s >= _LEAST_BUDGET_S
            return (
                isinstance(error, BackendUnavailableError)
                and error.repeatable
                and in_time
                and watched.circuit.allows(now_s)
            )

        attempts = AsyncRetrying(
            sleep=self._sleep,
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random(_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S),
            retry=retry_if_exception(is_worth_repeating),
            reraise=True,
        )

        async def attempt() -> Made:
            async with spend() as spending:
                budget_s = ends_s - self._clock()
                return await self._attempt(request, script, budget_s, spending, listener, elsewhere)

        return await attempts(attempt)

    async def _attempt(
        self,
        request: SpeechRequest,
        script: Script,
        budget_s: float,
        spending: Spending,
        listener: AudioListener | None,
        elsewhere: Elsewhere | None,
    ) -> Made:
        first_audio_s = 0.0

        def note() -> None:
            nonlocal first_audio_s
            first_audio_s = self._clock()
            spending.heard = True
            if listener:
                listener.begin()

        chunks, delivery = self._chunks(request, script, budget_s, elsewhere)
        heard = listener.hear if listener else _unheard
        async with aclosing(chunks):
            encoded = await encode(chunks, script.voice, delivery, self._encoders, note, heard)
        return Made(encoded, first_audio_s)

    def _chunks(
        self, request: SpeechRequest, script: Script, budget_s: float, elsewhere: Elsewhere | None
    ) -> tuple[AsyncGenerator[AudioChunk, None], Delivery]:
        """What is said, and what is left to be done to it. To a joined line as little is done before as can be."""
        watched = self._backends.watched
        if not script.is_joined:
            voice = script.voice
            utterance, delivery = plan(request, script.text, voice, watched[voice.backend].backend.traits)
            utterance = replace(utterance, language=script.language, room=request.room)
            if elsewhere:
                return elsewhere(utterance), delivery
            return watched[voice.backend].synthesize(utterance, budget_s), delivery
        ends_s = self._clock() + budget_s

        def say(text: str, voice: Voice) -> AsyncGenerator[AudioChunk, None]:
            utterance, _ = plan(request, text, voice, _PLAIN)
            return watched[voice.backend].synthesize(utterance, ends_s - self._clock())

        return join(script, say, self._joiners.open()), plan(request, script.text, script.voice, _PLAIN)[1]


def plan(request: SpeechRequest, text: str, voice: Voice, traits: BackendTraits) -> tuple[Utterance, Delivery]:
    """Share the work: what the backend does itself, and what is done to its audio.

    Pitch is shifted by playing faster what was spoken slower, so the tempo makes up for it.
    """
    prosody = request.prosody
    ratio = 1.0 if traits.native_pitch else prosody.pitch_ratio
    utterance = Utterance(
        text,
        voice,
        tempo=prosody.speed / ratio,
        priority=request.priority,
        pitch_semitones=prosody.pitch_semitones if traits.native_pitch else 0.0,
        volume=prosody.volume if traits.native_volume else 1.0,
        style=voice.style(request.style),
    )
    return utterance, Delivery(request.format, 1.0 if traits.native_volume else prosody.volume, ratio)
