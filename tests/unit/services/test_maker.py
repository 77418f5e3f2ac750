import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.adapters.audio.encoders import Encoders
from danmu_tts.adapters.audio.joiner import Joiners
from danmu_tts.domain.audio import AudioChunk, AudioFormat
from danmu_tts.domain.circuit import CircuitPolicy
from danmu_tts.domain.errors import (
    BackendBlockedError,
    BackendNetworkError,
    BackendRateLimitedError,
    BackendRefusedError,
    BackendServerError,
    BackendTimeoutError,
    BackendUnavailableError,
    BadAudioError,
    DanmuTTSError,
    NoAudioError,
    NothingToSayError,
    VoiceWithdrawnError,
)
from danmu_tts.domain.speech import Priority, Prosody, Script, SpeechRequest, Utterance
from danmu_tts.domain.voices import ANY_STYLE, Voice
from danmu_tts.ports import BackendTraits
from danmu_tts.services.encoding import Delivery
from danmu_tts.services.maker import Made, Maker, plan
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import MS_PER_CHAR, FakeBackend
from tests.builders.recording_metrics import RecordingMetrics
from tests.builders.speak_bench import a_manager

TEXT = "你好，欢迎来到直播间"
VOICE = Voice("fake:zh-CN", "zh-CN")
VENDOR = BackendTraits(silence_limit_s=5.0)
REPEATABLE: list[type[BackendUnavailableError]] = [BackendNetworkError, BackendServerError, NoAudioError, BadAudioError]
FINAL: list[type[DanmuTTSError]] = [
    BackendTimeoutError,
    BackendBlockedError,
    BackendRateLimitedError,
    BackendRefusedError,
    VoiceWithdrawnError,
    NothingToSayError,
]


class Moody(FakeBackend):
    """Fails with one error after the other, then speaks."""

    def __init__(
        self, *errors: DanmuTTSError, traits: BackendTraits = VENDOR, clock: FakeClock, takes_s: float
    ) -> None:
        super().__init__(traits=traits)
        self._errors = list(errors)
        self._clock = clock
        self._takes_s = takes_s

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        self._fails_with = self._errors.pop(0) if self._errors else None
        self._clock.advance(self._takes_s)
        if self._fails_with:
            self.spoken.append(utterance)
            raise self._fails_with
        async for chunk in super().synthesize(utterance):
            yield chunk


@dataclass
class Bench:
    maker: Maker
    backend: Moody
    metrics: RecordingMetrics
    pauses_s: list[float]
    clock: FakeClock

    async def make(self, budget_s: float = 10.0) -> Made:
        return await self.maker.make(SpeechRequest(TEXT, format=AudioFormat.WAV), Script.of(TEXT, VOICE), budget_s)


def a_bench(
    *errors: DanmuTTSError, traits: BackendTraits = VENDOR, circuit: CircuitPolicy | None = None, takes_s: float = 0.0
) -> Bench:
    clock, metrics, pauses_s = FakeClock(), RecordingMetrics(), []
    backend = Moody(*errors, traits=traits, clock=clock, takes_s=takes_s)

    async def pause(seconds: float) -> None:
        pauses_s.append(seconds)
        clock.advance(seconds)

    manager = a_manager(backend, metrics=metrics, clock=clock, circuit=circuit)
    return Bench(Maker(manager, Encoders(), Joiners(), clock, sleep=pause), backend, metrics, pauses_s, clock)


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_call_is_enough_where_it_succeeds() -> None:
    bench = a_bench(takes_s=0.25)
    began_s = bench.clock()
    made = await bench.make()
    assert made.encoded.voice == VOICE.id
    assert made.encoded.duration_ms == len(TEXT) * MS_PER_CHAR
    assert made.first_audio_s == began_s + 0.25
    assert (len(bench.backend.spoken), bench.pauses_s) == (1, [])


@pytest.mark.parametrize("kind", REPEATABLE, ids=lambda kind: kind.__name__)
async def test_what_may_pass_is_tried_once_more_after_a_moment(kind: type[BackendUnavailableError]) -> None:
    bench = a_bench(kind("hiccup"))
    made = await bench.make()
    assert made.encoded.duration_ms == len(TEXT) * MS_PER_CHAR
    assert len(bench.backend.spoken) == 2
    (pause_s,) = bench.pauses_s
    assert 0.05 <= pause_s <= 0.15
    assert bench.metrics.attempts == {("fake", kind.reason): 1, ("fake", "ok"): 1}


async def test_it_is_tried_only_once_more_and_the_last_failure_is_the_answer() -> None:
    bench = a_bench(BackendNetworkError("first"), BackendServerError("second"))
    with pytest.raises(BackendServerError, match="second"):
        await bench.make()
    assert len(bench.backend.spoken) == 2
    assert len(bench.pauses_s) == 1


@pytest.mark.parametrize("kind", FINAL, ids=lambda kind: kind.__name__)
async def test_what_will_not_pass_is_not_repeated(kind: type[DanmuTTSError]) -> None:
    bench = a_bench(kind("no"))
    with pytest.raises(kind):
        await bench.make()
    assert (len(bench.backend.spoken), bench.pauses_s) == (1, [])


@pytest.mark.parametrize(("budget_s", "calls"), [(0.9, 2), (0.89, 1)])
async def test_with_too_little_time_left_somebody_else_had_better_try(budget_s: float, calls: int) -> None:
    bench = a_bench(BackendNetworkError("hung up"), BackendNetworkError("hung up"), takes_s=0.4)
    with pytest.raises(BackendNetworkError):
        await bench.make(budget_s + 1e-6)
    assert len(bench.backend.spoken) == calls


async def test_a_backend_whose_circuit_has_opened_is_not_asked_again() -> None:
    bench = a_bench(BackendNetworkError("hung up"), circuit=CircuitPolicy(failures=1))
    with pytest.raises(BackendNetworkError):
        await bench.make()
    assert (len(bench.backend.spoken), bench.pauses_s) == (1, [])


async def test_the_second_try_has_only_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = a_bench(BackendNetworkError("hung up"), traits=BackendTraits(silence_limit_s=60.0), takes_s=2.0)
    bench.backend._waits_for = asyncio.Event()
    call = asyncio.create_task(bench.make(budget_s=6.0))
    await settle()
    loop = asyncio.get_running_loop()
    genuine = loop.time
    monkeypatch.setattr(loop, "time", lambda: genuine() + 4.0)
    await settle()
    assert call.done()
    assert isinstance(call.exception(), BackendTimeoutError)
    assert len(bench.backend.spoken) == 2


async def test_who_is_cancelled_in_the_pause_does_not_call_again() -> None:
    bench = a_bench(BackendNetworkError("hung up"))
    paused, never = asyncio.Event(), asyncio.Event()

    async def pause(seconds: float) -> None:
        paused.set()
        await never.wait()

    bench.maker._sleep = pause
    call = asyncio.create_task(bench.make())
    await paused.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(bench.backend.spoken) == 1


REQUEST = SpeechRequest("x", format=AudioFormat.OPUS, prosody=Prosody(1.5, 12, 0.5), priority=Priority.HIGH)


def shared(traits: BackendTraits, request: SpeechRequest = REQUEST) -> tuple[Utterance, Delivery]:
    return plan(request, TEXT, VOICE, traits)


def test_a_backend_that_shifts_nothing_makes_up_for_the_tempo_and_we_do_the_rest() -> None:
    utterance, delivery = shared(BackendTraits())
    assert utterance == Utterance(TEXT, VOICE, tempo=0.75, priority=Priority.HIGH)
    assert delivery == Delivery(AudioFormat.OPUS, volume=0.5, pitch_ratio=2)


def test_a_backend_that_does_all_itself_leaves_nothing_to_us() -> None:
    utterance, delivery = shared(BackendTraits(native_pitch=True, native_volume=True))
    assert utterance == Utterance(TEXT, VOICE, 1.5, Priority.HIGH, pitch_semitones=12, volume=0.5)
    assert delivery == Delivery(AudioFormat.OPUS)


def test_pitch_and_volume_are_shared_one_by_one() -> None:
    utterance, delivery = shared(BackendTraits(native_pitch=True))
    assert (utterance.tempo, utterance.pitch_semitones, utterance.volume) == (1.5, 12, 1)
    assert (delivery.pitch_ratio, delivery.volume) == (1, 0.5)
    utterance, delivery = shared(BackendTraits(native_volume=True))
    assert (utterance.tempo, utterance.pitch_semitones, utterance.volume) == (0.75, 0, 0.5)
    assert (delivery.pitch_ratio, delivery.volume) == (2, 1)


@given(st.floats(0.25, 4), st.floats(-12, 12), st.floats(0, 2), st.booleans(), st.booleans())
def test_nothing_is_done_twice_and_nothing_is_forgotten(
    speed: float, semitones: float, volume: float, native_pitch: bool, native_volume: bool
) -> None:
    prosody = Prosody(speed, semitones, volume)
    utterance, delivery = shared(
        BackendTraits(native_pitch=native_pitch, native_volume=native_volume), SpeechRequest("x", prosody=prosody)
    )
    assert utterance.tempo * delivery.pitch_ratio == pytest.approx(speed)
    assert utterance.volume * delivery.volume == pytest.approx(volume)
    pitch_ratio = 2 ** (utterance.pitch_semitones / 12) * delivery.pitch_ratio
    assert pitch_ratio == pytest.approx(prosody.pitch_ratio)


def test_a_style_reaches_only_a_voice_that_knows_it() -> None:
    request = SpeechRequest("x", style="cheerful")
    able = replace(VOICE, styles=("cheerful",))
    free = replace(VOICE, styles=(ANY_STYLE,))
    assert plan(request, TEXT, VOICE, VENDOR)[0].style is None
    assert plan(request, TEXT, able, VENDOR)[0].style == "cheerful"
    assert plan(request, TEXT, free, VENDOR)[0].style == "cheerful"
