import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from danmu_tts.domain.audio import AudioFormat, Caption
from danmu_tts.domain.errors import (
    BackendUnavailableError,
    DeadlineExceededError,
    NoAudioError,
    NothingToSayError,
    VoiceNotFoundError,
)
from danmu_tts.domain.speech import Priority, Prosody, SpeechRequest
from danmu_tts.engine_slots import EngineSlots
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import MS_PER_CHAR, FakeBackend
from tests.builders.sound import decode
from tests.builders.speak_bench import speak_bench
from tests.builders.tiny_engine import TinyEngine, loudness

TEXT = "你好，欢迎来到直播间"
SPOKEN_MS = len(TEXT) * MS_PER_CHAR
LIMIT_S = 10


def skip_ahead(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the running loop's timers believe that so much time has passed."""
    loop = asyncio.get_running_loop()
    genuine = loop.time
    monkeypatch.setattr(loop, "time", lambda: genuine() + seconds)


async def take_a_slot(slots: EngineSlots) -> None:
    async with slots.slot(Priority.NORMAL):
        pass


async def test_speaks_a_text(tmp_path: Path) -> None:
    bench = speak_bench(FakeBackend(), directory=tmp_path)
    speech = await bench.service.speak(SpeechRequest(TEXT, format=AudioFormat.WAV))
    samples, rate_hz = decode(speech.encoded.audio, AudioFormat.WAV)
    assert (speech.id, speech.cached, speech.encoded.voice) == ("speech-1", None, "fake:zh-CN")
    assert speech.encoded.duration_ms == SPOKEN_MS
    assert len(samples) / rate_hz * 1000 == pytest.approx(SPOKEN_MS)


async def test_the_second_asker_gets_the_same_audio_from_memory(tmp_path: Path) -> None:
    backend = FakeBackend()
    bench = speak_bench(backend, directory=tmp_path)
    first = await bench.service.speak(SpeechRequest(TEXT))
    second = await bench.service.speak(SpeechRequest(f"  {TEXT}\u200b "))
    assert (second.cached, second.encoded, second.key) == ("memory", first.encoded, first.key)
    assert first.id != second.id
    assert len(backend.spoken) == 1


async def test_a_restarted_process_answers_from_its_files(tmp_path: Path) -> None:
    first = await speak_bench(FakeBackend(), directory=tmp_path).service.speak(SpeechRequest(TEXT))
    restarted = speak_bench(FakeBackend(), directory=tmp_path).service
    second = await restarted.speak(SpeechRequest(TEXT))
    assert (second.cached, second.encoded) == ("file", first.encoded)
    assert (await restarted.speak(SpeechRequest(TEXT))).cached == "memory"


@pytest.mark.parametrize(
    "other",
    [
        SpeechRequest(TEXT, format=AudioFormat.FLAC),
        SpeechRequest(TEXT, voice="fake:en-US"),
        SpeechRequest(TEXT, prosody=Prosody(volume=0.5)),
        SpeechRequest(f"{TEXT}！"),
    ],
)
async def test_another_sound_is_made_anew(tmp_path: Path, other: SpeechRequest) -> None:
    bench = speak_bench(FakeBackend(), directory=tmp_path)
    await bench.service.speak(SpeechRequest(TEXT))
    assert (await bench.service.speak(other)).cached is None


async def test_the_text_decides_the_language(tmp_path: Path) -> None:
    service = speak_bench(FakeBackend(), directory=tmp_path).service
    assert (await service.speak(SpeechRequest("hello there"))).encoded.voice == "fake:en-US"
    assert (await service.speak(SpeechRequest("666"))).encoded.voice == "fake:zh-CN"
    assert (await service.speak(SpeechRequest("666", language="en"))).encoded.voice == "fake:en-US"


async def test_a_language_that_nobody_speaks_is_refused(tmp_path: Path) -> None:
    bench = speak_bench(FakeBackend(languages=["en-US"]), directory=tmp_path)
    with pytest.raises(VoiceNotFoundError, match="it speaks en"):
        await bench.service.speak(SpeechRequest(TEXT))


@pytest.mark.parametrize("text", ["", "   ", "！！！", "😂😂", "(°∀°)ﾉ", "\x00\u200b"])
async def test_nothing_to_say_is_refused_before_anything_is_asked(tmp_path: Path, text: str) -> None:
    backend = FakeBackend()
    with pytest.raises(NothingToSayError) as caught:
        await speak_bench(backend, directory=tmp_path).service.speak(SpeechRequest(text))
    assert caught.value.param == "text"
    assert backend.spoken == []


async def test_a_backend_without_audio_is_an_error_and_is_not_kept(tmp_path: Path) -> None:
    bench = speak_bench(FakeBackend(silent=True), directory=tmp_path)
    with pytest.raises(NoAudioError):
        await bench.service.speak(SpeechRequest(TEXT))
    assert (await bench.files.stats())["file"]["entries"] == 0


async def test_a_backend_failure_reaches_the_caller(tmp_path: Path) -> None:
    failure = BackendUnavailableError("engine on fire")
    with pytest.raises(BackendUnavailableError, match="engine on fire"):
        await speak_bench(FakeBackend(fails_with=failure), directory=tmp_path).service.speak(SpeechRequest(TEXT))


async def test_speech_that_is_not_ready_in_time_is_given_up(tmp_path: Path) -> None:
    never = asyncio.Event()
    bench = speak_bench(FakeBackend(waits_for=never), directory=tmp_path)
    with pytest.raises(DeadlineExceededError):
        await bench.service.speak(SpeechRequest(TEXT, deadline_ms=1))


async def test_the_deadline_holds_while_an_engine_is_inside_a_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots, speaking, may_end = EngineSlots(1), threading.Event(), threading.Event()

    def speak(text: str) -> NDArray[np.float32]:
        speaking.set()
        assert may_end.wait(LIMIT_S)
        return loudness(0.5)

    bench = speak_bench(TinyEngine(slots=slots, speak=speak), directory=tmp_path)
    late = asyncio.create_task(bench.service.speak(SpeechRequest("你好", deadline_ms=60_000)))
    assert await asyncio.to_thread(speaking.wait, LIMIT_S)
    skip_ahead(monkeypatch, 60)
    with pytest.raises(DeadlineExceededError):
        await late
    following = asyncio.create_task(take_a_slot(slots))
    await asyncio.sleep(0)
    assert slots.waiting == 1
    may_end.set()
    async with asyncio.timeout(LIMIT_S):
        await following


async def test_the_configured_deadline_holds_where_none_is_asked_for(tmp_path: Path) -> None:
    never = asyncio.Event()
    bench = speak_bench(FakeBackend(waits_for=never), directory=tmp_path, deadline_ms=1)
    with pytest.raises(DeadlineExceededError):
        await bench.service.speak(SpeechRequest(TEXT))


async def test_captions_cover_the_audio_without_a_gap(tmp_path: Path) -> None:
    bench = speak_bench(FakeBackend(), directory=tmp_path)
    speech = await bench.service.speak(SpeechRequest("你好，欢迎。再见了！"))
    assert speech.encoded.captions == (
        Caption("你好，", 0, 240),
        Caption("欢迎。", 240, 480),
        Caption("再见了！", 480, 800),
    )
    assert speech.encoded.duration_ms == 800


@pytest.mark.parametrize("semitones", [-12, -5, 3, 12])
async def test_captions_stay_in_step_with_audio_of_another_pitch(tmp_path: Path, semitones: float) -> None:
    bench = speak_bench(FakeBackend(), directory=tmp_path)
    request = SpeechRequest(TEXT, format=AudioFormat.WAV, prosody=Prosody(pitch_semitones=semitones))
    encoded = (await bench.service.speak(request)).encoded
    samples, rate_hz = decode(encoded.audio, AudioFormat.WAV)
    assert encoded.captions[0].end_ms == encoded.captions[1].start_ms
    assert encoded.captions[-1].end_ms == encoded.duration_ms
    assert encoded.duration_ms == pytest.approx(len(samples) / rate_hz * 1000, rel=0.01)


async def test_speed_is_the_tempo_of_the_engine(tmp_path: Path) -> None:
    backend = FakeBackend()
    bench = speak_bench(backend, directory=tmp_path)
    speech = await bench.service.speak(SpeechRequest(TEXT, prosody=Prosody(speed=2)))
    assert backend.spoken[0].tempo == 2
    assert speech.encoded.duration_ms == pytest.approx(SPOKEN_MS / 2, abs=2)


async def test_the_engine_makes_up_for_the_tempo_that_a_pitch_shift_takes(tmp_path: Path) -> None:
    backend = FakeBackend()
    bench = speak_bench(backend, directory=tmp_path)
    speech = await bench.service.speak(SpeechRequest(TEXT, prosody=Prosody(speed=1.5, pitch_semitones=12)))
    assert backend.spoken[0].tempo == pytest.approx(0.75)
    assert speech.encoded.duration_ms == pytest.approx(SPOKEN_MS / 1.5, abs=2)


async def test_the_engine_gets_the_cleaned_text_and_the_priority(tmp_path: Path) -> None:
    backend = FakeBackend()
    bench = speak_bench(backend, directory=tmp_path)
    await bench.service.speak(SpeechRequest(" 你\u202e好\x00 ", priority=Priority.HIGH))
    assert (backend.spoken[0].text, backend.spoken[0].priority) == ("你好", Priority.HIGH)


async def test_timings_tell_the_first_audio_from_the_whole(tmp_path: Path) -> None:
    clock = FakeClock()
    backend = FakeBackend(before_chunk=lambda: clock.advance(0.25))
    speech = await speak_bench(backend, directory=tmp_path, clock=clock).service.speak(SpeechRequest(TEXT))
    assert (speech.timings.first_audio_ms, speech.timings.total_ms) == (250, 500)


async def test_a_link_opens_what_was_spoken(tmp_path: Path) -> None:
    service = speak_bench(FakeBackend(), directory=tmp_path).service
    speech = await service.speak(SpeechRequest(TEXT))
    link = await service.link(speech)
    assert link is not None
    assert speech.key in link.url
