"""One call of one backend, watched: silence, missing and truncated audio, circuit, load and metrics, once for all."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.circuit import Circuit, Passage
from danmu_tts.domain.errors import (
    BackendBusyError,
    BackendLateError,
    BackendNetworkError,
    BackendServerError,
    BackendTimeoutError,
    BackendUnavailableError,
    BadAudioError,
    Blame,
    CircuitOpenError,
    DanmuTTSError,
    NoAudioError,
)
from danmu_tts.domain.load import Load
from danmu_tts.domain.speech import Utterance
from danmu_tts.observability import get_logger
from danmu_tts.ports import Backend, Metrics
from danmu_tts.text.pace import shortest_plausible_ms

logger = get_logger("backends")

# A silence shorter than this says more about the caller's haste than about the backend.
_BLAMED_SILENCE_S = 1.0
# Calls of one vendor at once; as many connections are kept to it.
_MOST_AT_ONCE = 20


class WatchedBackend:
    """A backend with its circuit and its load. The one way to its ``synthesize``."""

    def __init__(self, backend: Backend, circuit: Circuit, metrics: Metrics, clock: Callable[[], float]) -> None:
        self.backend = backend
        self.circuit = circuit
        self.load = Load()
        self._turns = asyncio.Semaphore(_MOST_AT_ONCE)
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
        started_s = self._clock()
        if not self.circuit.allows(started_s):
            raise self._left_alone(started_s)
        self.load.started()
        try:
            async with self._turn(budget_s):
                budget_s -= self._clock() - started_s
                async with aclosing(self._called(utterance, budget_s, started_s)) as chunks:
                    async for chunk in chunks:
                        yield chunk
        finally:
            self.load.ended()

    def _enter(self) -> Passage:
        now_s = self._clock()
        passage = self.circuit.enter(now_s)
        if passage is None:
            raise self._left_alone(now_s)
        return passage

    def _left_alone(self, now_s: float) -> CircuitOpenError:
        wait_s = self.circuit.retry_after_s(now_s)
        return CircuitOpenError(f"{self.backend.name} has failed too often lately.", retry_after_s=wait_s)

    @asynccontextmanager
    async def _turn(self, budget_s: float) -> AsyncIterator[None]:
        """Wait for a place among the calls of a vendor; whoever waits finds out at once when its circuit opens."""
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

    async def _called(
        self, utterance: Utterance, budget_s: float, started_s: float
    ) -> AsyncGenerator[AudioChunk, None]:
        passage = self._enter()
        outcome, latency_ms = "left", 0.0
        try:
            async with aclosing(self._checked(utterance, budget_s)) as chunks:
                async for chunk in chunks:
                    latency_ms = latency_ms or (self._clock() - started_s) * 1000
                    yield chunk
            outcome = "ok"
            passage.succeeded()
            self.load.succeeded(latency_ms)
        except BackendUnavailableError as error:
            outcome = error.reason
            self._blame(passage, error, budget_s)
            raise
        except DanmuTTSError as error:
            outcome = error.code
            raise
        finally:
            passage.left()
            self._metrics.attempt(backend=self.backend.name, outcome=outcome, duration_s=self._clock() - started_s)

    async def _checked(self, utterance: Utterance, budget_s: float) -> AsyncGenerator[AudioChunk, None]:
        played_ms = 0.0
        async with aclosing(self._in_time(utterance, budget_s)) as chunks:
            async for chunk in chunks:
                played_ms += chunk.duration_ms
                yield chunk
        name = self.backend.name
        if not played_ms:
            raise NoAudioError(f"{utterance.voice.id} made no audio for this text.")
        if self.backend.traits.silence_limit_s is None:
            return  # an engine in this process does not hang up
        least_ms = shortest_plausible_ms(utterance.text, utterance.voice.language, utterance.tempo)
        if played_ms < least_ms:
            raise BadAudioError(f"{name} made {played_ms:.0f} ms of audio; this text takes {least_ms:.0f} ms or more.")

    async def _in_time(self, utterance: Utterance, budget_s: float) -> AsyncGenerator[AudioChunk, None]:
        """The backend's own chunks; whatever else it raises than our errors becomes one of them."""
        loop = asyncio.get_running_loop()
        ends_s, limit_s = loop.time() + budget_s, self.backend.traits.silence_limit_s or budget_s
        chunks: AsyncIterator[AudioChunk] | None = None
        played_ms = 0.0
        try:
            chunks = self.backend.synthesize(utterance)
            while True:
                try:
                    async with asyncio.timeout(min(limit_s, ends_s - loop.time())):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                played_ms += chunk.duration_ms
                yield chunk
        except TimeoutError as error:
            if loop.time() >= ends_s and played_ms >= budget_s * 1000:
                raise BackendLateError(f"{self.backend.name} spoke, and was not done in time.") from error
            raise BackendTimeoutError(f"{self.backend.name} was silent for {limit_s:.1f} s, or too slow.") from error
        except DanmuTTSError:
            raise
        except OSError as error:
            raise BackendNetworkError(f"{self.backend.name} hung up: {type(error).__name__}.") from error
        except Exception as error:  # the edge of foreign code: a backend may be anybody's
            logger.exception("backend failed", extra={"backend": self.backend.name})
            raise BackendServerError(f"{self.backend.name} failed: {type(error).__name__}.") from error
        finally:
            close = getattr(chunks, "aclose", None)
            if close:
                await close()

    def _blame(self, passage: Passage, error: BackendUnavailableError, budget_s: float) -> None:
        """A timeout is the backend's fault only if it had a fair chance, and an engine's of ours never is."""
        if error.blame is Blame.NONE:
            return
        limit_s = self.backend.traits.silence_limit_s
        if isinstance(error, BackendTimeoutError) and (limit_s is None or budget_s < min(_BLAMED_SILENCE_S, limit_s)):
            return
        passage.failed(error, self._clock())
        self.load.failed()
