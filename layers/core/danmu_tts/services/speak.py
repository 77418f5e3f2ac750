"""How a request is spoken: clean, rank the voices, look in the cache, synthesise, encode, keep, answer."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from danmu_tts.domain.attempts import attempt_budget_s
from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.domain.cache_key import cache_key
from danmu_tts.domain.errors import (
    BackendUnavailableError,
    DanmuTTSError,
    DeadlineExceededError,
    NoBackendsAvailableError,
    NothingToSayError,
    VoiceWithdrawnError,
)
from danmu_tts.domain.selection import Wish
from danmu_tts.domain.speech import Fallback, Speech, SpeechRequest, Timings
from danmu_tts.domain.voices import Voice
from danmu_tts.observability import describe_text, get_logger
from danmu_tts.ports import AudioLink, AudioLinks, Metrics, SpeechCache
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.hooks import Hooks
from danmu_tts.services.maker import Maker
from danmu_tts.text.clean import clean
from danmu_tts.text.language import can_be_spoken, detect_language

logger, backends_logger = get_logger("performance"), get_logger("backends")


_KEEPING_LIMIT_S = 0.2


@dataclass(frozen=True, slots=True)
class SpeakOptions:
    """What the operator decides for all requests."""

    default_language: str
    deadline_ms: int
    log_text: bool


@dataclass(frozen=True, slots=True)
class _Failure:
    voice: Voice
    error: BackendUnavailableError


class SpeakService:
    """The TTS manager. One instance a process."""

    def __init__(
        self,
        backends: BackendManager,
        maker: Maker,
        cache: SpeechCache,
        links: AudioLinks,
        hooks: Hooks,
        metrics: Metrics,
        options: SpeakOptions,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        """``clock`` counts seconds from any start; ``new_id`` never repeats itself."""
        self._backends = backends
        self._maker = maker
        self._cache = cache
        self._links = links
        self._hooks = hooks
        self._metrics = metrics
        self._options = options
        self._clock = clock
        self._new_id = new_id
        self._keeping: set[asyncio.Task[bool]] = set()

    async def speak(self, request: SpeechRequest) -> Speech:
        """Turn a text into finished audio.

        Raises:
            DanmuTTSError: any leaf of the tree; see ``domain/errors.py``.
        """
        started_s = self._clock()
        wanted: list[Voice] = []
        try:
            async with asyncio.timeout((request.deadline_ms or self._options.deadline_ms) / 1000) as deadline:
                request = await self._hooks.pre_process(request)
                text = self._prepare(request.text)
                wanted += await self._rank(request, text)
                speech = await self._first_that_speaks(request, text, wanted, started_s, deadline)
                speech = await self._hooks.post_process(speech)
        except TimeoutError as error:
            late = DeadlineExceededError(
                "The audio was not ready before the deadline. Shorten the text, or ask again when less is going on."
            )
            self._record(request, wanted, late.code, started_s)
            raise late from error
        except DanmuTTSError as error:
            self._record(request, wanted, error.code, started_s)
            raise
        self._record(request, wanted, "ok", started_s, speech)
        return speech

    async def link(self, speech: Speech) -> AudioLink | None:
        """Name a short-lived URL for the audio, or None while the store is away."""
        return await self._links.link(speech.key, speech.encoded)

    def _prepare(self, text: str) -> str:
        text = clean(text)
        if not can_be_spoken(text):
            raise NothingToSayError("There is nothing to say: the text has no word and no digit.", param="text")
        return text

    async def _rank(self, request: SpeechRequest, text: str) -> list[Voice]:
        language = request.language or detect_language(text, self._options.default_language)
        return await self._backends.rank(Wish(language, request.voice, request.backend))

    async def _first_that_speaks(
        self, request: SpeechRequest, text: str, voices: Sequence[Voice], started_s: float, deadline: asyncio.Timeout
    ) -> Speech:
        """Try the voices in turn inside the one deadline. A backend that failed is not asked for another voice."""
        failures: list[_Failure] = []
        for position, voice in enumerate(voices):
            if any(each.voice.backend == voice.backend and _is_the_backends(each.error) for each in failures):
                continue
            others = {other.backend for other in voices[position + 1 :] if self._backends.is_fit(other.backend)}
            remaining_s = (deadline.when() or 0.0) - asyncio.get_running_loop().time()
            budget_s = attempt_budget_s(remaining_s, len(others - {voice.backend}))
            try:
                speech = await self._cached_or_made(request, text, voice, started_s, budget_s, first=not failures)
            except BackendUnavailableError as error:
                failures.append(_Failure(voice, error))
                continue
            return self._named(speech, failures)
        raise self._nobody(failures)

    def _named(self, speech: Speech, failures: Sequence[_Failure]) -> Speech:
        """The answer, saying whose place it takes."""
        if not failures:
            return speech
        wanted = failures[0]
        for each in failures:
            extra = {"voice": each.voice.id, "reason": each.error.reason, "detail": each.error.message}
            backends_logger.warning("fell back", extra=extra)
        if wanted.voice.backend != speech.encoded.backend:
            self._metrics.fallback(wanted=wanted.voice.backend, spoken=speech.encoded.backend)
        return replace(speech, fallback=Fallback(wanted.voice.id, wanted.error.reason))

    def _nobody(self, failures: Sequence[_Failure]) -> DanmuTTSError:
        """One backend's failure speaks for itself; of several, each is named."""
        if len({each.voice.backend for each in failures}) == 1:
            return failures[0].error
        waits_s = [each.error.retry_after_s for each in failures if each.error.retry_after_s is not None]
        reasons = ", ".join(f"{each.voice.id} ({each.error.reason})" for each in failures)
        return NoBackendsAvailableError(
            f"Nobody could speak: {reasons}.", retry_after_s=min(waits_s) if waits_s else None
        )

    async def _cached_or_made(
        self, request: SpeechRequest, text: str, voice: Voice, started_s: float, budget_s: float, *, first: bool
    ) -> Speech:
        key = cache_key(text, voice, request.format, request.prosody, voice.style(request.style))
        hit = await self._cache.get(key)
        if hit or first:
            self._metrics.cache(tier=hit.tier if hit else "miss")
        if hit:
            elapsed_ms = self._elapsed_ms(started_s)
            return Speech(self._new_id(), key, hit.speech, hit.tier, Timings(elapsed_ms, elapsed_ms))
        made = await self._maker.make(request, text, voice, budget_s)
        await self._keep(key, made.encoded)
        first_audio_ms = (made.first_audio_s - started_s) * 1000
        self._metrics.first_audio(backend=voice.backend, seconds=first_audio_ms / 1000)
        timings = Timings(first_audio_ms, self._elapsed_ms(started_s))
        return Speech(self._new_id(), key, made.encoded, None, timings, made.cost_usd)

    async def _keep(self, key: str, encoded: EncodedSpeech) -> None:
        """Put it into the cache. Finished audio does not wait for a slow one, which goes on behind its back."""
        keeping = asyncio.create_task(self._cache.set(key, encoded))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)
        await asyncio.wait({keeping}, timeout=_KEEPING_LIMIT_S)

    def _elapsed_ms(self, started_s: float) -> float:
        return (self._clock() - started_s) * 1000

    def _record(
        self,
        request: SpeechRequest,
        wanted: Sequence[Voice],
        status: str,
        started_s: float,
        speech: Speech | None = None,
    ) -> None:
        """One line and one count an answer, under who spoke, or else who should have."""
        voice = speech.encoded.voice if speech else wanted[0].id if wanted else ""
        backend = voice.partition(":")[0] or "none"
        duration_s = self._clock() - started_s
        self._metrics.request(backend=backend, status=status, duration_s=duration_s)
        fields = describe_text(request.text, log_text=self._options.log_text) | {
            "status": status,
            "backend": backend,
            "voice": voice,
            "cached": (speech.cached or "no") if speech else "no",
            "duration_ms": round(duration_s * 1000, 1),
            "room": request.room or "",
        }
        if speech and speech.fallback:
            fields |= {"fallback_from": speech.fallback.voice, "fallback_reason": speech.fallback.reason}
        logger.info("speech", extra=fields)


def _is_the_backends(error: BackendUnavailableError) -> bool:
    return not isinstance(error, VoiceWithdrawnError)
