"""A request's voices in turn, inside its one deadline, until one of them speaks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from danmu_tts.domain.attempts import attempt_budget_s
from danmu_tts.domain.errors import (
    BackendUnavailableError,
    BudgetExhaustedError,
    BudgetUnknownError,
    DanmuTTSError,
    NoBackendsAvailableError,
    VoiceWithdrawnError,
)
from danmu_tts.domain.jobs import Job
from danmu_tts.domain.limits import Allowance
from danmu_tts.domain.speech import Fallback, Script, Speech, SpeechRequest, Timings
from danmu_tts.domain.voices import Voice
from danmu_tts.observability import get_logger
from danmu_tts.ports import AudioListener, Metrics
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.captions import shown
from danmu_tts.services.maker import Elsewhere
from danmu_tts.services.scripts import Scripts
from danmu_tts.services.source import Source, Sourced

if TYPE_CHECKING:
    from danmu_tts.text.reading import Reading

logger = get_logger("backends")

Defer = Callable[[SpeechRequest, Script, float], Awaitable[Job]]
"""Begins a job for a request whose deadline is so many seconds away. Raises BackendUnavailableError."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """It will be spoken later: the job, and what the caller has left of each limit."""

    job: Job
    allowances: tuple[Allowance, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request's voices are tried for.

    Attributes:
        permit: nothing is made or given before it is there; it raises where there is none.
        started_s: a time of the clock.
        listener: hears it while it is made.
        defer: what is made elsewhere need not be waited for.
        elsewhere: what came of it where the first voice's backend made it.
    """

    request: SpeechRequest
    reading: "Reading"
    permit: Awaitable[tuple[Allowance, ...]]
    started_s: float
    deadline: asyncio.Timeout
    listener: AudioListener | None = None
    defer: Defer | None = None
    elsewhere: Elsewhere | None = None

    @property
    def left_s(self) -> float:
        """Until the deadline."""
        return (self.deadline.when() or 0.0) - asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class _Failure:
    voice: Voice
    error: BackendUnavailableError


class Trying:
    """See the module. One instance a process."""

    def __init__(
        self,
        backends: BackendManager,
        source: Source,
        metrics: Metrics,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        """``clock`` counts seconds from any start; ``new_id`` never repeats itself."""
        self._backends = backends
        self._scripts = Scripts(backends)
        self._source = source
        self._metrics = metrics
        self._clock = clock
        self._new_id = new_id

    async def first_that_speaks(self, asked: Asked, voices: Sequence[Voice]) -> Speech | Deferred:
        """Try the voices in turn. A backend that failed is not asked for another voice. Raises DanmuTTSError."""
        failures: list[_Failure] = []
        for position, voice in enumerate(voices):
            if any(self._is_hopeless(voice, each) for each in failures):
                continue
            others = {other.backend for other in voices[position + 1 :] if self._backends.is_fit(other.backend)}
            budget_s = attempt_budget_s(asked.left_s, len(others - {voice.backend}))
            script = await self._scripts.write(asked.reading, voice, asked.request)
            try:
                spoken = await self._say(asked, script, budget_s, is_first=not failures)
            except BackendUnavailableError as error:
                failures.append(_Failure(voice, error))
                continue
            return self._named(spoken, failures) if isinstance(spoken, Speech) else spoken
        raise self._nobody(failures)

    async def close(self) -> None:
        """Finish what is being kept."""
        await self._source.close()

    async def _say(self, asked: Asked, script: Script, budget_s: float, *, is_first: bool) -> Speech | Deferred:
        """One voice, now or later."""
        sourced: Sourced | None = None
        if asked.defer and self._backends.is_queued(script.voice.backend):
            sourced = await self._source.find(asked.request, script)
            allowances = await asked.permit
            if sourced is None:
                return Deferred(await asked.defer(asked.request, script, asked.left_s), allowances)
        sourced = sourced or await self._source.fetch(
            asked.request,
            script,
            budget_s,
            permit=asked.permit,
            is_first=is_first,
            listener=asked.listener,
            elsewhere=asked.elsewhere if is_first else None,
        )
        speech = self._speech(sourced, asked.started_s, await asked.permit)
        return replace(speech, captions=shown(sourced.encoded.captions, asked.reading, script.text))

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
            logger.warning("fell back", extra=extra)
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
        total_ms = (self._clock() - started_s) * 1000
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
