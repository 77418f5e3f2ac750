import asyncio
import logging
from pathlib import Path

import pytest

from danmu_tts.domain.errors import BackendUnavailableError, DanmuTTSError
from danmu_tts.domain.speech import SpeechRequest
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs
from tests.builders.speak_bench import speak_bench

SECRET = "张三的电话是多少，快说"


def everything_in(record: logging.LogRecord) -> str:
    return f"{record.getMessage()} {vars(record)} {record.exc_info} {record.exc_text}"


async def test_success_is_counted_by_backend_and_tier(tmp_path: Path) -> None:
    clock = FakeClock()
    backend = FakeBackend(before_chunk=lambda: clock.advance(0.25))
    bench = speak_bench(backend, directory=tmp_path, clock=clock)
    await bench.service.speak(SpeechRequest(SECRET))
    await bench.service.speak(SpeechRequest(SECRET))
    assert bench.metrics.requests == {("fake", "ok"): 2}
    assert bench.metrics.lookups == {"miss": 1, "memory": 1}
    assert bench.metrics.first_audio_s == {"fake": [0.25]}
    assert bench.metrics.durations_s == [0.5, 0.0]


@pytest.mark.parametrize(
    ("backend", "request_", "counted"),
    [
        (FakeBackend(silent=True), SpeechRequest(SECRET), ("fake", "backend_unavailable")),
        (FakeBackend(fails_with=BackendUnavailableError("x")), SpeechRequest(SECRET), ("fake", "backend_unavailable")),
        (FakeBackend(), SpeechRequest("……"), ("none", "invalid_request")),
        (FakeBackend(), SpeechRequest(SECRET, voice="nobody"), ("none", "voice_not_found")),
        (FakeBackend(), SpeechRequest(SECRET, backend="nobody"), ("none", "invalid_request")),
        (FakeBackend(languages=[]), SpeechRequest(SECRET), ("none", "no_backend_available")),
    ],
)
async def test_failure_is_counted_by_its_code(
    tmp_path: Path, backend: FakeBackend, request_: SpeechRequest, counted: tuple[str, str]
) -> None:
    bench = speak_bench(backend, directory=tmp_path)
    with pytest.raises(DanmuTTSError):
        await bench.service.speak(request_)
    assert bench.metrics.requests == {counted: 1}


async def test_a_missed_deadline_is_counted_for_the_voice_that_was_late(tmp_path: Path) -> None:
    bench = speak_bench(FakeBackend(waits_for=asyncio.Event()), directory=tmp_path, deadline_ms=1)
    with pytest.raises(DanmuTTSError):
        await bench.service.speak(SpeechRequest(SECRET))
    assert bench.metrics.requests == {("fake", "deadline_exceeded"): 1}


async def test_success_leaves_one_record_without_the_text(tmp_path: Path) -> None:
    bench = speak_bench(FakeBackend(), directory=tmp_path)
    with captured_logs() as records:
        await bench.service.speak(SpeechRequest(SECRET, room="room-7"))
    (record,) = records
    fields = vars(record)
    assert (record.name, record.getMessage()) == ("danmu_tts.performance", "speech")
    assert {key: fields[key] for key in ("status", "backend", "voice", "cached", "room", "text_length")} == {
        "status": "ok",
        "backend": "fake",
        "voice": "fake:zh-CN",
        "cached": "no",
        "room": "room-7",
        "text_length": len(SECRET),
    }
    assert fields["duration_ms"] == 0


async def test_a_cache_hit_is_recorded_with_its_tier(tmp_path: Path) -> None:
    bench = speak_bench(FakeBackend(), directory=tmp_path)
    with captured_logs() as records:
        await bench.service.speak(SpeechRequest(SECRET))
        await bench.service.speak(SpeechRequest(SECRET))
    first, second = map(vars, records)
    assert (first["cached"], second["cached"]) == ("no", "memory")
    assert first["text_hash"] == second["text_hash"]


async def test_failure_leaves_one_record_with_its_code(tmp_path: Path) -> None:
    bench = speak_bench(FakeBackend(silent=True), directory=tmp_path)
    with captured_logs() as records, pytest.raises(DanmuTTSError):
        await bench.service.speak(SpeechRequest(SECRET))
    (record,) = records
    assert (vars(record)["status"], vars(record)["voice"]) == ("backend_unavailable", "fake:zh-CN")


@pytest.mark.parametrize("backend", [FakeBackend(), FakeBackend(silent=True), FakeBackend(languages=["ko-KR"])])
async def test_what_a_viewer_wrote_is_in_no_record(tmp_path: Path, backend: FakeBackend) -> None:
    with captured_logs() as records:
        await asyncio.gather(
            speak_bench(backend, directory=tmp_path).service.speak(SpeechRequest(SECRET)), return_exceptions=True
        )
    assert records
    assert not [record for record in records if "电话" in everything_in(record)]


async def test_the_operator_can_ask_for_the_text(tmp_path: Path) -> None:
    with captured_logs() as records:
        await speak_bench(FakeBackend(), directory=tmp_path, log_text=True).service.speak(SpeechRequest(SECRET))
    assert vars(records[-1])["text"] == SECRET
