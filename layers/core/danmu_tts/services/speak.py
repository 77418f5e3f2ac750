"""How a request is spoken: read, count, rank the voices, get the audio of the first that speaks, answer."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from danmu_tts.domain.attempts import attempt_budget_s
from danmu_tts.domain.errors import (
    BackendUnavailableError,
    BudgetExhaustedError,
    BudgetUnknownError,
    ContentBlockedError,
    DanmuTTSError,
    DeadlineExceededError,
    NoBackendsAvailableError,
    NothingToSayError,
    VoiceNotFoundError,
    VoiceWithdrawnError,
)
from danmu_tts.domain.limits import Allowance
from danmu_tts.domain.selection import Wish
from danmu_tts.domain.speech import Fallback, Speech, SpeechRequest, Timings
from danmu_tts.domain.voices import Voice
from danmu_tts.observability import describe_text, get_logger
from danmu_tts.ports import AudioLink, AudioLinks, AudioListener, Metrics, Readers
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.captions import shown
from danmu_tts.services.hooks import Hooks
from danmu_tts.services.limits import Limits
from danmu_tts.services.scripts import Scripts
from danmu_tts.services.source import Source, Sourced
from danmu_tts.text.terms import Action

if TYPE_CHECKING:
    from danmu_tts.text.reading import Reading

logger, backends_logger = get_logger("performance"), get_logger("backends")


@dataclass(frozen=True, slots=True)
class SpeakOptions:
    """What the operator decides for all requests."""

    deadline_ms: int
    log_text: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one request's voices are tried for. ``started_s`` is a time of the clock."""

    request: SpeechRequest
    reading: "Reading"
    permit: asyncio.Future[tuple[Allowance, ...]]
    started_s: float
    deadline: asyncio.Timeout
    listener: AudioListener | None


@dataclass(frozen=True, slots=True)
class _Failure:
    voice: Voice
    error: BackendUnavailableError


class SpeakService:
    """The TTS manager. One instance a process."""

    def __init__(
        self,
        backends: BackendManager,
        readers: Readers,
        source: Source,
        limits: Limits,
        links: AudioLinks,
        hooks: Hooks,
        metrics: Metrics,
        options: SpeakOptions,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        """``clock`` counts seconds from any start; ``new_id`` never repeats itself."""
        self._backends = backends
        self._readers = readers
        self._scripts = Scripts(backends)
        self._source = source
        self._limits = limits
        self._links = links
        self._hooks = hooks
        self._metrics = metrics
        self._options = options
        self._clock = clock
        self._new_id = new_id

    async def speak(self, request: SpeechRequest, listener: AudioListener | None = None) -> Speech:
        """Turn a text into finished audio.

        Args:
            listener: hears it while it is made, if that is now and for this request, and no plugin wants to see the
                whole first. What it heard is void where the answer is other audio, or an error.

        Raises:
            DanmuTTSError: any leaf of the tree; see ``domain/errors.py``.
        """
        started_s = self._clock()
        wanted: list[Voice] = []
        try:
            async with asyncio.timeout((request.deadline_ms or self._options.deadline_ms) / 1000) as deadline:
                request = await self._hooks.pre_process(request)
                reading = self._read(request)
                permit = self._limits.take(request.principal, request.room, request.viewer, len(reading.spoken))
                wanted += await self._rank(request, reading)
                listener = listener if self._hooks.leave_audio else None
                asked = _Asked(request, reading, permit, started_s, deadline, listener)
                speech = await self._first_that_speaks(asked, wanted)
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

    async def costs(self, request: SpeechRequest) -> bool:
        """Whether who should speak it has to be paid. Raises DanmuTTSError where nobody could."""
        voices = await self._rank(request, self._read(request))
        return self._backends.is_paid(voices[0].backend)

    async def link(self, speech: Speech) -> AudioLink | None:
        """Name a short-lived URL for the audio, or None while the store is away."""
        return await self._links.link(speech.key, speech.encoded)

    async def close(self) -> None:
        """Finish what is being kept."""
        await self._source.close()

    def _read(self, request: SpeechRequest) -> "Reading":
        reader = self._readers.reader(request.room, request.principal.key_id)
        reading = reader.read(request.text, request.language)
        if reading.verdict.action is Action.DROP:
            categories = ", ".join(reading.verdict.categories)
            raise ContentBlockedError(f"The content filter does not let this be spoken: {categories}.", param="text")
        if not reading.spoken:
            raise NothingToSayError("There is nothing to say: the text has no word and no digit.", param="text")
        return reading

    async def _rank(self, request: SpeechRequest, reading: "Reading") -> list[Voice]:
        """The voices of the line's language, or where nobody has that one, of another language that is in it."""
        languages = dict.fromkeys([request.language or reading.language, *(span.language for span in reading.spans)])
        unspoken: list[VoiceNotFoundError] = []
        for language in languages:
            try:
                return await self._backends.rank(Wish(language, request.voice, request.backend))
            except VoiceNotFoundError as error:
                unspoken.append(error)
        raise unspoken[0]

    async def _first_that_speaks(self, asked: _Asked, voices: Sequence[Voice]) -> Speech:
        """Try the voices in turn inside the one deadline. A backend that failed is not asked for another voice."""
        failures: list[_Failure] = []
        for position, voice in enumerate(voices):
            if any(self._is_hopeless(voice, each) for each in failures):
                continue
            others = {other.backend for other in voices[position + 1 :] if self._backends.is_fit(other.backend)}
            remaining_s = (asked.deadline.when() or 0.0) - asyncio.get_running_loop().time()
            budget_s = attempt_budget_s(remaining_s, len(others - {voice.backend}))
            script = await self._scripts.write(asked.reading, voice, asked.request)
            try:
                sourced = await self._source.fetch(
                    asked.request,
                    script,
                    budget_s,
                    permit=asked.permit,
                    is_first=not failures,
                    listener=asked.listener,
                )
            except BackendUnavailableError as error:
                failures.append(_Failure(voice, error))
                continue
            speech = self._speech(sourced, asked.started_s, await asked.permit)
            captions = shown(sourced.encoded.captions, asked.reading, script.text)
            return self._named(replace(speech, captions=captions), failures)
        raise self._nobody(failures)

    def _is_hopeless(self, voice: Voice, failure: _Failure) -> bool:
        """Whether what another voice failed with will be this one's failure too."""
        if isinstance(failure.error, BudgetExhaustedError | BudgetUnknownError):
            return self._backends.is_paid(voice.backend)
        is_the_backends = not isinstance(failure.error, VoiceWithdrawnError)
        return failure.voice.backend == voice.backend and is_the_backends

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

    def _speech(self, sourced: Sourced, started_s: float, allowances: tuple[Allowance, ...]) -> Speech:
        total_ms = self._elapsed_ms(started_s)
        first_audio_ms = total_ms
        if sourced.first_audio_s is not None:
            first_audio_ms = (sourced.first_audio_s - started_s) * 1000
            self._metrics.first_audio(backend=sourced.encoded.backend, seconds=first_audio_ms / 1000)
        timings = Timings(first_audio_ms, total_ms)
        return Speech(
            self._new_id(),
            sourced.key,
            sourced.encoded,
            sourced.cached,
            timings,
            sourced.cost_usd,
            allowances=allowances,
        )

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
