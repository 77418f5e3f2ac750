"""A watched backend that does what a test says, and time that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.circuit import Circuit, CircuitPolicy, CircuitState
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.ports import BackendTraits
from danmu_tts.services.attempt import WatchedBackend
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import FakeBackend
from tests.builders.recording_metrics import RecordingMetrics
from tests.builders.sound import sine

RATE_HZ = 24_000
LIMIT_S, BUDGET_S = 5.0, 30.0
VENDOR, ENGINE = BackendTraits(silence_limit_s=LIMIT_S), BackendTraits()
HELLO = Utterance("你好", Voice("fake:zh-CN", "zh-CN"))
SECOND = AudioChunk(sine(1, rate_hz=RATE_HZ), RATE_HZ)


class Puppet(FakeBackend):
    """Speaks as the test says."""

    def __init__(self, speak: Callable[[Utterance], AsyncIterator[AudioChunk]], traits: BackendTraits = VENDOR) -> None:
        super().__init__(traits=traits)
        self._speak = speak

    def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        return self._speak(utterance)


class WatchedBench:
    """A watched backend whose circuit opens at the first failure that it is blamed for."""

    def __init__(self, backend: FakeBackend, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.circuit = Circuit(CircuitPolicy(failures=1))
        self.metrics = RecordingMetrics()
        self.watched = WatchedBackend(backend, self.circuit, self.metrics, self.clock)

    @property
    def blamed(self) -> bool:
        return self.circuit.state(self.clock()) is not CircuitState.CLOSED

    @property
    def outcomes(self) -> dict[str, int]:
        return {outcome: count for (_, outcome), count in self.metrics.attempts.items()}

    @property
    def failure_rate(self) -> float:
        return self.watched.load.figures(self.clock()).failure_rate

    async def hear(self, utterance: Utterance = HELLO, budget_s: float = BUDGET_S) -> list[AudioChunk]:
        return [chunk async for chunk in self.watched.synthesize(utterance, budget_s)]

    def listen(self, budget_s: float = BUDGET_S) -> "asyncio.Task[list[AudioChunk]]":
        return asyncio.create_task(self.hear(budget_s=budget_s))


def raising(error: Exception, *first: AudioChunk) -> Callable[[Utterance], AsyncIterator[AudioChunk]]:
    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        for chunk in first:
            yield chunk
        raise error

    return speak


def saying(*chunks: AudioChunk) -> Callable[[Utterance], AsyncIterator[AudioChunk]]:
    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        for chunk in chunks:
            yield chunk

    return speak


def silent_after(*first: AudioChunk) -> Callable[[Utterance], AsyncIterator[AudioChunk]]:
    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        for chunk in first:
            yield chunk
        await asyncio.Event().wait()

    return speak


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(10):
        await asyncio.sleep(0)


async def skip_ahead(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the running loop's timers believe that so much time has passed."""
    await settle()
    loop = asyncio.get_running_loop()
    genuine = loop.time
    monkeypatch.setattr(loop, "time", lambda: genuine() + seconds)
    await settle()
