"""A backend of anybody's, as the service meets it: what it does wrong costs a line its voice, not its sound."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.domain.audio import AudioChunk, AudioEncoding, AudioFormat, Caption
from danmu_tts.domain.circuit import CircuitState
from danmu_tts.domain.errors import BadAudioError, UnsupportedFormatError
from danmu_tts.domain.selection import Wish
from danmu_tts.domain.speech import SpeechRequest, Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.ports import BackendHealth, BackendTraits
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.encoding import Delivery, encode
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs
from tests.builders.sound import sine
from tests.builders.speak_bench import a_manager, speak_bench
from tests.unit.services.watched import RATE_HZ, SECOND, settle, skip_ahead

REQUEST = SpeechRequest("你好")
GOOD = Voice("foreign:good", "zh-CN")
VOICES_LIMIT_S, CHECK_LIMIT_S = 3.0, 10.0


async def silent_for_ever() -> Any:
    await asyncio.Event().wait()


def exiting() -> Any:
    sys.exit(3)


def raising(error: BaseException) -> Any:
    raise error


class Foreign(FakeBackend):
    """A vendor whose every answer is what a test says."""

    def __init__(self) -> None:
        super().__init__("foreign", traits=BackendTraits(silence_limit_s=5.0))
        self.calls = 0
        self.chunks: Sequence[Any] = (SECOND,)
        self.on_speak: Callable[[], Any] = lambda: None
        self.on_voices: Callable[[], Any] = lambda: (GOOD,)
        self.on_health: Callable[[], Any] = lambda: BackendHealth(True, "fine")
        self.on_queue: Callable[[], Any] = lambda: 0.0

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        self.calls += 1
        self.on_speak()
        for chunk in self.chunks:
            yield chunk

    async def get_voices(self) -> Sequence[Voice]:
        voices: Any = self.on_voices()
        return await voices if asyncio.iscoroutine(voices) else voices  # type: ignore[no-any-return]

    async def health_check(self) -> BackendHealth:
        health: Any = self.on_health()
        return await health if asyncio.iscoroutine(health) else health  # type: ignore[no-any-return]

    def queue_depth(self) -> float:
        return self.on_queue()  # type: ignore[no-any-return]


async def ids(manager: BackendManager) -> list[str]:
    return [voice.id for voice in await manager.list_voices(backend="foreign")]


# Speaking

PCM = sine(1, rate_hz=RATE_HZ)


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        pytest.param([AudioChunk(PCM, 1)], "bad_audio", id="a rate that nobody plays"),
        pytest.param([SECOND, AudioChunk(PCM, 16_000)], "bad_audio", id="another rate midway"),
        pytest.param([SECOND, AudioChunk(PCM, RATE_HZ, AudioEncoding.MP3)], "bad_audio", id="another encoding"),
        pytest.param([AudioChunk(PCM + b"\0", RATE_HZ)], "bad_audio", id="half a sample"),
        pytest.param([SECOND] * 33, "bad_audio", id="too long"),
        pytest.param([AudioChunk(b"\0" * 50_000, RATE_HZ, AudioEncoding.MP3)], "no_audio", id="no MP3"),
        pytest.param([AudioChunk(PCM, RATE_HZ, captions=("你",))], "bad_audio", id="a string for a caption"),  # type: ignore[arg-type]
        pytest.param([AudioChunk(PCM, RATE_HZ, captions=7)], "bad_audio", id="a number for captions"),  # type: ignore[arg-type]
        pytest.param([AudioChunk(PCM, RATE_HZ, captions=(Caption("你", None, 1),))], "bad_audio", id="no time"),  # type: ignore[arg-type]
        pytest.param([object()], "server_error", id="no chunk"),
        pytest.param([SECOND, None], "server_error", id="None midway"),
    ],
)
async def test_what_is_no_audio_is_neither_heard_nor_kept(tmp_path: Path, chunks: list[Any], reason: str) -> None:
    backend = Foreign()
    backend.chunks = chunks
    bench = speak_bench(backend, FakeBackend(), directory=tmp_path)
    speech = await bench.service.speak(REQUEST)
    assert speech.encoded.backend == "fake"
    assert speech.fallback is not None
    assert (await bench.memory.stats())["memory"]["entries"] == 1
    assert speech.fallback.reason in (reason, "bad_audio")


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError(), ValueError("boom")])
async def test_another_voice_speaks_whatever_a_backend_raises(tmp_path: Path, error: BaseException) -> None:
    backend = Foreign()
    backend.on_speak = lambda: raising(error)
    speech = await speak_bench(backend, FakeBackend(), directory=tmp_path).service.speak(REQUEST)
    assert speech.encoded.backend == "fake"
    assert speech.fallback is not None
    assert speech.fallback.reason == "server_error"
    assert backend.calls == 2  # a mistake of its own may not happen twice


async def test_a_caller_who_leaves_is_not_spoken_to_by_another_voice(tmp_path: Path) -> None:
    fallback = FakeBackend()
    backend = FakeBackend("foreign", waits_for=asyncio.Event())
    call = asyncio.create_task(speak_bench(backend, fallback, directory=tmp_path).service.speak(REQUEST))
    await asyncio.wait([call], timeout=0)
    await settle()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert fallback.spoken == []


# Encoding


class Encoder:
    """Fails at the step that a test says, with what a test says."""

    sample_rate_hz = RATE_HZ

    def __init__(self, fails_at: str, error: Exception) -> None:
        self._fails_at = fails_at
        self._error = error

    def open(self, *_: Any, **__: Any) -> "Encoder":
        self._step("open")
        return self

    def write(self, data: bytes) -> bytes:
        self._step("write")
        return data

    def finish(self) -> bytes:
        self._step("finish")
        return b""

    def _step(self, name: str) -> None:
        if name == self._fails_at:
            raise self._error


async def encoded_with(encoder: Encoder) -> None:
    async def chunks() -> AsyncIterator[AudioChunk]:
        yield SECOND

    await encode(chunks(), GOOD, Delivery(AudioFormat.MP3), encoder, lambda: None, lambda _: None)


@pytest.mark.parametrize("step", ["write", "finish"])
@pytest.mark.parametrize("error", [ValueError("boom"), RuntimeError("boom"), MemoryError()])
async def test_what_an_encoder_raises_is_bad_audio(step: str, error: Exception) -> None:
    with pytest.raises(BadAudioError) as caught:
        await encoded_with(Encoder(step, error))
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("step", ["open", "write", "finish"])
async def test_what_an_encoder_says_in_our_words_stays(step: str) -> None:
    error = UnsupportedFormatError("not installed")
    with pytest.raises(UnsupportedFormatError) as caught:
        await encoded_with(Encoder(step, error))
    assert caught.value is error


# Voices


@pytest.mark.parametrize("bad_list", [silent_for_ever, exiting, lambda: None, lambda: 7, lambda: raising(ValueError())])
async def test_a_backend_that_does_not_name_its_voices_keeps_the_last_ones(
    monkeypatch: pytest.MonkeyPatch, bad_list: Callable[[], Any]
) -> None:
    backend = Foreign()
    manager = a_manager(backend)
    assert await ids(manager) == ["foreign:good"]
    backend.on_voices = bad_list
    listing = asyncio.create_task(ids(manager))
    await skip_ahead(monkeypatch, VOICES_LIMIT_S)
    assert listing.done()
    assert listing.result() == ["foreign:good"]


async def test_a_list_of_voices_is_waited_for_three_seconds_and_the_others_speak(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend = Foreign()
    backend.on_voices = silent_for_ever
    ranking = asyncio.create_task(a_manager(backend, FakeBackend()).rank(Wish("zh")))
    await skip_ahead(monkeypatch, VOICES_LIMIT_S - 0.1)
    assert not ranking.done()
    await skip_ahead(monkeypatch, 0.1)
    assert ranking.done()
    assert [voice.id for voice in ranking.result()] == ["fake:zh-CN"]


@pytest.mark.parametrize(
    "voice",
    [
        pytest.param(Voice("foreign:a", None), id="no language"),  # type: ignore[arg-type]
        pytest.param(Voice("foreign:a", 7), id="a number for a language"),  # type: ignore[arg-type]
        pytest.param(Voice("foreign:a", ""), id="an empty language"),
        pytest.param(Voice("foreign:a", "Chinese (Mandarin)"), id="a language in words"),
        pytest.param(Voice("foreign:a", "zh-CN\n"), id="a language with a line"),
        pytest.param(Voice("foreign:小明", "zh-CN"), id="not ASCII"),
        pytest.param(Voice("foreign:a\r\nx-evil: 1", "zh-CN"), id="a header"),
        pytest.param(Voice("foreign:a b", "zh-CN"), id="a space"),
        pytest.param(Voice("foreign:", "zh-CN"), id="no name"),
        pytest.param(Voice("foreign:" + "a" * 113, "zh-CN"), id="too long"),
        pytest.param(Voice("foreign:" + "a" * 1_000_000, "zh-CN"), id="much too long"),
        pytest.param(Voice("fake:a", "zh-CN"), id="another backend's"),
        pytest.param(Voice(None, "zh-CN"), id="no id"),  # type: ignore[arg-type]
        pytest.param(Voice("foreign:a", "zh-CN", "Female"), id="a gender of another spelling"),
        pytest.param(Voice("foreign:a", "zh-CN", None), id="no gender"),  # type: ignore[arg-type]
        pytest.param("foreign:a", id="no voice"),
        pytest.param(None, id="nothing"),
    ],
)
async def test_a_voice_that_nobody_could_ask_for_is_left_out_and_the_rest_stays(voice: Any) -> None:
    backend = Foreign()
    backend.on_voices = lambda: (voice, GOOD)
    with captured_logs() as records:
        manager = a_manager(backend)
        assert await ids(manager) == ["foreign:good"]
        await ids(manager)
    assert [(vars(record)["backend"], vars(record)["voices"]) for record in records] == [("foreign", 1)]


@pytest.mark.parametrize(
    "voice",
    [
        Voice("foreign:en-US-Ava:DragonHDLatestNeural", "en-US"),
        Voice("foreign:" + "a" * 112, "zh-CN"),
        Voice("foreign:a_1", "zh_Hans_CN", "male"),
        Voice("foreign:a", "mul", "female", styles=("*",)),
    ],
)
async def test_a_voice_of_an_unusual_but_sound_name_is_listed(voice: Voice) -> None:
    backend = Foreign()
    backend.on_voices = lambda: [voice]
    assert await ids(a_manager(backend)) == [voice.id]


async def test_a_voice_without_a_list_of_styles_breaks_no_request_for_a_style(tmp_path: Path) -> None:
    backend = Foreign()
    backend.on_voices = lambda: (Voice("foreign:a", "zh-CN", styles=None),)  # type: ignore[arg-type]
    bench = speak_bench(backend, FakeBackend(), directory=tmp_path)
    assert (await bench.service.speak(SpeechRequest("你好", style="sad"))).encoded.audio


# Queue and health


@pytest.mark.parametrize("odd", [lambda: raising(ValueError()), lambda: None, lambda: "many", lambda: -5, exiting])
async def test_a_queue_that_is_not_known_counts_as_empty(tmp_path: Path, odd: Callable[[], Any]) -> None:
    backend = Foreign()
    backend.on_queue = odd
    bench = speak_bench(backend, FakeBackend(), directory=tmp_path)
    assert (await bench.service.speak(REQUEST)).encoded.backend == "foreign"


@pytest.mark.parametrize(
    ("odd", "detail"),
    [
        (lambda: None, "its health check failed: TypeError"),
        (lambda: True, "its health check failed: TypeError"),
        (exiting, "its health check failed: ForeignError"),
        (silent_for_ever, "its health check did not answer in"),
    ],
)
async def test_a_backend_without_a_sound_word_of_its_health_is_unwell_and_the_others_are_asked(
    monkeypatch: pytest.MonkeyPatch, odd: Callable[[], Any], detail: str
) -> None:
    backend = Foreign()
    backend.on_health = odd
    asking = asyncio.create_task(a_manager(backend, FakeBackend()).reports())
    await skip_ahead(monkeypatch, CHECK_LIMIT_S)
    assert asking.done()
    reports = asking.result()
    assert not reports["foreign"].health.available
    assert reports["foreign"].health.detail.startswith(detail)
    assert reports["foreign"].circuit is CircuitState.CLOSED
    assert reports["fake"].health.available
