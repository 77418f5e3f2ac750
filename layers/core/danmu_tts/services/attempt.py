"""One call of one backend, watched: its place among the others, circuit, load and metrics, once for all backends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.blame import Blame
from danmu_tts.domain.circuit import Circuit, CircuitState, Passage
from danmu_tts.domain.errors import (
    BackendBusyError,
    BackendTimeoutError,
    BackendUnavailableError,
    CircuitOpenError,
    DanmuTTSError,
)
from danmu_tts.domain.load import Load
from danmu_tts.domain.speech import Utterance
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.ports import Backend, Metrics, QueuedBackend
from danmu_tts.services.hearing import hear

logger = get_logger("backends")

# A silence shorter than this, and than three times its usual one, says more about the caller's haste than about it.
_BLAMED_SILENCE_S = 1.0
_BLAMED_TIMES_USUAL = 3


class WatchedBackend:
    """A backend with its circuit and its load. The one way to its ``synthesize``."""

    def __init__(self, backend: Backend, circuit: Circuit, metrics: Metrics, clock: Callable[[], float]) -> None:
        self.backend = backend
        self.circuit = circuit
        self.load = Load()
        self.was_called = False
        self.succeeded_at_s = float("-inf")
        self._turns = asyncio.Semaphore(backend.traits.side_by_side)
        self._metrics = metrics
        self._clock = clock

    async def synthesize(self, utterance: Utterance, budget_s: float) -> AsyncGenerator[AudioChunk, None]:
        """Speak, in order, for so many seconds at most.

        Raises:
            BackendBusyError: so many are being served that nobody was left for this one.
            CircuitOpenError: it has failed too often and is not called.
            BackendUnavailableError: it failed; also midway.
            NothingToSayError: it cannot pronounce any of the text.
        """
        came_s = self._clock()
        if not self.circuit.allows(came_s):
            raise self._left_alone(came_s)
        self.load.started()
        try:
            async with self._turn(budget_s):
                left_s = budget_s - (self._clock() - came_s)
                if isinstance(self.backend, QueuedBackend):
                    utterance = replace(utterance, budget_s=left_s)
                async with aclosing(self._called(utterance, left_s)) as chunks:
                    async for chunk in chunks:
                        yield chunk
        finally:
            self.load.ended()

    def check_fit(self) -> None:
        """Raise CircuitOpenError where it is not called now."""
        now_s = self._clock()
        if not self.circuit.allows(now_s):
            raise self._left_alone(now_s)

    def learnt(self, error: BackendUnavailableError | None) -> None:
        """What was made elsewhere has ended, with this error or well."""
        if passage := self.circuit.enter(self._clock()):
            if error is None:
                passage.succeeded()
            else:
                self._blame(passage, error)
            passage.left()

    def score_ms(self, now_s: float) -> float:
        """How long one more call is expected to take. None is expected to fail while a circuit waits for its probe."""
        if self.circuit.state(now_s) is CircuitState.HALF_OPEN:
            return 0.0
        return self.load.score_ms(self._queue_depth(), self.backend.traits.side_by_side, now_s)

    def _queue_depth(self) -> float:
        try:
            return max(0.0, float(self.backend.queue_depth()))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the edge of foreign code: it may be anybody's
            logger.warning("queue not known", extra={"backend": self.backend.name} | describe_error(error))
            return 0.0

    @asynccontextmanager
    async def _turn(self, budget_s: float) -> AsyncIterator[None]:
        """Wait for a place among the calls of a vendor. Whoever gets it when the circuit has opened is sent away."""
        if self.backend.traits.silence_limit_s is None:  # engines in this process share its cores among themselves
            yield
            return
        try:
            async with asyncio.timeout(budget_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise BackendBusyError(f"{self.backend.name} has too much to do.") from error
        try:
            yield
        finally:
            self._turns.release()

    async def _called(self, utterance: Utterance, budget_s: float) -> AsyncGenerator[AudioChunk, None]:
        passage = self._enter()
        self.was_called = True
        # Time in the engine's own queue counts as queue, not as latency.
        ahead = 1 + self._queue_depth()
        started_s, outcome, latency_ms = self._clock(), "left", 0.0
        try:
            async with aclosing(hear(self.backend, utterance, budget_s)) as chunks:
                async for chunk in chunks:
                    latency_ms = latency_ms or (self._clock() - started_s) * 1000 / ahead
                    yield chunk
            outcome = "ok"
            self._praise(passage, latency_ms)
        except BackendUnavailableError as error:
            outcome = error.reason
            self._blame(passage, error)
            raise
        except DanmuTTSError as error:
            outcome = error.code
            raise
        finally:
            passage.left()
            self._metrics.attempt(backend=self.backend.name, outcome=outcome, duration_s=self._clock() - started_s)

    def _enter(self) -> Passage:
        now_s = self._clock()
        passage = self.circuit.enter(now_s)
        if passage is None:
            raise self._left_alone(now_s)
        return passage

    def _left_alone(self, now_s: float) -> CircuitOpenError:
        wait_s = self.circuit.retry_after_s(now_s)
        return CircuitOpenError(f"{self.backend.name} has failed too often lately.", retry_after_s=wait_s)

    def _praise(self, passage: Passage, latency_ms: float) -> None:
        self.succeeded_at_s = self._clock()
        passage.succeeded()
        if passage.is_probe:
            self.load.recovered()
        self.load.succeeded(latency_ms, self.succeeded_at_s)

    def _blame(self, passage: Passage, error: BackendUnavailableError) -> None:
        """A timeout is the backend's fault only if it had a fair chance, and an engine's of ours never is."""
        now_s, limit_s = self._clock(), self.backend.traits.silence_limit_s
        if error.blame is Blame.NONE:
            return
        if isinstance(error, BackendTimeoutError):
            usual_s = self.load.expected_ms(now_s) / 1000
            fair_s = max(_BLAMED_SILENCE_S, _BLAMED_TIMES_USUAL * usual_s)
            if limit_s is None or error.waited_s < min(fair_s, limit_s):
                return
        passage.failed(error, now_s)
        self.load.failed(now_s)
