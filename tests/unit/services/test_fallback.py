import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

import pytest

from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.circuit import CircuitPolicy
from danmu_tts.domain.errors import (
    BackendBlockedError,
    BackendBusyError,
    BackendNetworkError,
    BackendRateLimitedError,
    BackendRefusedError,
    BackendServerError,
    BackendUnavailableError,
    BadAudioError,
    CircuitOpenError,
    DeadlineExceededError,
    NoBackendsAvailableError,
    NothingToSayError,
    VoiceWithdrawnError,
)
from danmu_tts.domain.speech import Fallback, SpeechRequest, Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.ports import BackendTraits
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs
from tests.builders.speak_bench import speak_bench

TEXT = "你好，欢迎来到直播间"
VENDOR = BackendTraits(silence_limit_s=60.0)
BLOCKED = BackendBlockedError("blocks us")


def first(error: BackendUnavailableError | None = None, *, waits_for: asyncio.Event | None = None) -> FakeBackend:
    return FakeBackend("first", fails_with=error, waits_for=waits_for, traits=VENDOR)


def second(error: BackendUnavailableError | None = None) -> FakeBackend:
    return FakeBackend("second", fails_with=error)


class Shrinking(FakeBackend):
    """A vendor that has withdrawn voices and still lists them."""

    def __init__(self, voices: Sequence[Voice], *withdrawn: str) -> None:
        super().__init__("first")
        self._voices = tuple(voices)
        self._withdrawn = withdrawn

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        if utterance.voice.name in self._withdrawn:
            self.spoken.append(utterance)
            raise VoiceWithdrawnError(f"no {utterance.voice.name}")
        async for chunk in super().synthesize(utterance):
            yield chunk


class Stall(asyncio.Event):
    """Is never over, and tells when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    async def wait(self) -> Literal[True]:
        self.reached.set()
        return await super().wait()


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


async def skip_ahead(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the running loop's timers believe that so much time has passed."""
    loop = asyncio.get_running_loop()
    genuine = loop.time
    monkeypatch.setattr(loop, "time", lambda: genuine() + seconds)
    await settle()


def calls(*backends: FakeBackend) -> list[int]:
    return [len(backend.spoken) for backend in backends]


async def test_the_next_backend_speaks_and_the_answer_says_for_whom_and_why(tmp_path: Path) -> None:
    bench = speak_bench(first(BLOCKED), second(), directory=tmp_path)
    speech = await bench.service.speak(SpeechRequest(TEXT))
    assert speech.encoded.voice == "second:zh-CN"
    assert speech.fallback == Fallback("first:zh-CN", "blocked")
    assert bench.metrics.fallbacks == {("first", "second"): 1}
    assert bench.metrics.attempts == {("first", "blocked"): 1, ("second", "ok"): 1}
    assert bench.metrics.requests == {("second", "ok"): 1}


async def test_an_answer_of_the_first_choice_names_no_fallback(tmp_path: Path) -> None:
    bench = speak_bench(first(), second(), directory=tmp_path)
    assert (await bench.service.speak(SpeechRequest(TEXT))).fallback is None
    assert bench.metrics.fallbacks == {}


async def test_it_goes_on_until_somebody_speaks_and_names_the_first_failure(tmp_path: Path) -> None:
    third = FakeBackend("third")
    bench = speak_bench(first(BLOCKED), second(BackendRefusedError("not this")), third, directory=tmp_path)
    speech = await bench.service.speak(SpeechRequest(TEXT))
    assert (speech.encoded.voice, speech.fallback) == ("third:zh-CN", Fallback("first:zh-CN", "blocked"))
    assert bench.metrics.fallbacks == {("first", "third"): 1}


async def test_every_failure_is_logged_and_the_record_names_the_first(tmp_path: Path) -> None:
    bench = speak_bench(first(BLOCKED), second(BackendRefusedError("x")), FakeBackend("third"), directory=tmp_path)
    with captured_logs() as records:
        await bench.service.speak(SpeechRequest(TEXT))
    warnings = [vars(record) for record in records if record.levelno == logging.WARNING]
    assert [(each["voice"], each["reason"]) for each in warnings] == [
        ("first:zh-CN", "blocked"),
        ("second:zh-CN", "bad_input"),
    ]
    record = vars(records[-1])
    assert (record["voice"], record["fallback_from"], record["fallback_reason"]) == (
        "third:zh-CN",
        "first:zh-CN",
        "blocked",
    )


async def test_audio_is_kept_under_the_voice_that_spoke_and_found_there_without_a_call(tmp_path: Path) -> None:
    failing, standing_in = first(BackendBusyError("not now")), second()
    bench = speak_bench(failing, standing_in, directory=tmp_path)
    made = await bench.service.speak(SpeechRequest(TEXT))
    again = await bench.service.speak(SpeechRequest(TEXT))
    own = await bench.service.speak(SpeechRequest(TEXT, voice="second:zh-CN"))
    assert (made.cached, again.cached, own.cached) == (None, "memory", "memory")
    assert made.key == again.key == own.key
    assert again.encoded == made.encoded
    assert again.fallback == Fallback("first:zh-CN", "busy")
    assert own.fallback is None
    assert calls(failing, standing_in) == [2, 1]


async def test_the_first_choice_speaks_again_when_it_can(tmp_path: Path) -> None:
    failing = first(BackendBusyError("not now"))
    bench = speak_bench(failing, second(), directory=tmp_path)
    await bench.service.speak(SpeechRequest(TEXT))
    failing._fails_with = None
    speech = await bench.service.speak(SpeechRequest(TEXT))
    assert (speech.encoded.voice, speech.fallback, speech.cached) == ("first:zh-CN", None, None)


async def test_a_request_looks_for_its_first_choice_in_the_cache_once(tmp_path: Path) -> None:
    bench = speak_bench(first(BLOCKED), second(), directory=tmp_path)
    await bench.service.speak(SpeechRequest(TEXT))
    assert bench.metrics.lookups == {"miss": 1}


async def test_a_backend_that_is_left_alone_is_passed_over_without_a_fallback(tmp_path: Path) -> None:
    failing = first(BLOCKED)
    bench = speak_bench(failing, second(), directory=tmp_path)
    await bench.service.speak(SpeechRequest(TEXT))
    speech = await bench.service.speak(SpeechRequest("再来一次"))
    assert (speech.encoded.voice, speech.fallback) == ("second:zh-CN", None)
    assert calls(failing) == [1]


async def test_a_voice_that_was_asked_for_and_is_left_alone_is_named(tmp_path: Path) -> None:
    failing = first(BLOCKED)
    bench = speak_bench(failing, second(), directory=tmp_path)
    request = SpeechRequest(TEXT, voice="first:zh-CN")
    await bench.service.speak(request)
    speech = await bench.service.speak(SpeechRequest("再来一次", voice="first:zh-CN"))
    assert speech.encoded.voice == "second:zh-CN"
    assert speech.fallback == Fallback("first:zh-CN", "circuit_open")
    assert calls(failing) == [1]


async def test_the_wrong_backend_is_left_alone_until_its_pause_is_over(tmp_path: Path) -> None:
    clock, failing = FakeClock(), first(BLOCKED)
    bench = speak_bench(failing, second(), directory=tmp_path, clock=clock, circuit=CircuitPolicy(first_pause_s=5))
    await bench.service.speak(SpeechRequest("一二三"))
    failing._fails_with = None
    clock.advance(5)
    assert (await bench.service.speak(SpeechRequest("四五六"))).encoded.voice == "first:zh-CN"


MAN, WOMAN = Voice("first:man", "zh-CN", "male"), Voice("first:woman", "zh-CN", "female")


async def test_for_a_withdrawn_voice_another_of_the_same_backend_speaks(tmp_path: Path) -> None:
    vendor, other = Shrinking([MAN, WOMAN], "man"), second()
    bench = speak_bench(vendor, other, directory=tmp_path)
    speech = await bench.service.speak(SpeechRequest(TEXT, voice="first:man"))
    assert speech.encoded.voice == "first:woman"
    assert speech.fallback == Fallback("first:man", "voice_gone")
    assert calls(vendor, other) == [2, 0]


async def test_where_all_its_voices_are_withdrawn_another_backend_speaks(tmp_path: Path) -> None:
    vendor = Shrinking([MAN, WOMAN], "man", "woman")
    bench = speak_bench(vendor, second(), directory=tmp_path)
    speech = await bench.service.speak(SpeechRequest(TEXT, voice="first:man"))
    assert (speech.encoded.voice, speech.fallback) == ("second:zh-CN", Fallback("first:man", "voice_gone"))


async def test_a_backend_that_failed_is_not_asked_for_another_voice(tmp_path: Path) -> None:
    vendor = FakeBackend("first", ["zh-CN", "zh-TW"], fails_with=BLOCKED)
    bench = speak_bench(vendor, second(), directory=tmp_path)
    speech = await bench.service.speak(SpeechRequest(TEXT, voice="first:zh-TW"))
    assert speech.encoded.voice == "second:zh-CN"
    assert calls(vendor) == [1]


async def test_what_cannot_be_pronounced_is_not_tried_on_others(tmp_path: Path) -> None:
    other = second()
    failing = FakeBackend("first", fails_with=NothingToSayError("nothing"))
    bench = speak_bench(failing, other, directory=tmp_path)
    with pytest.raises(NothingToSayError):
        await bench.service.speak(SpeechRequest(TEXT))
    assert calls(failing, other) == [1, 0]


async def test_where_all_fail_each_is_named_and_the_shortest_wait(tmp_path: Path) -> None:
    bench = speak_bench(
        first(BackendRateLimitedError("slowly", retry_after_s=30)),
        second(BackendRateLimitedError("slowly", retry_after_s=7)),
        FakeBackend("third", fails_with=BackendRefusedError("not this")),
        directory=tmp_path,
    )
    with pytest.raises(NoBackendsAvailableError) as caught:
        await bench.service.speak(SpeechRequest(TEXT))
    for named in ("first:zh-CN (rate_limited)", "second:zh-CN (rate_limited)", "third:zh-CN (bad_input)"):
        assert named in caught.value.message
    assert caught.value.retry_after_s == 7
    assert bench.metrics.requests == {("first", "no_backend_available"): 1}
    assert bench.metrics.fallbacks == {}


async def test_where_nobody_knows_how_long_nothing_is_promised(tmp_path: Path) -> None:
    bench = speak_bench(first(BLOCKED), second(BLOCKED), directory=tmp_path)
    with pytest.raises(NoBackendsAvailableError) as caught:
        await bench.service.speak(SpeechRequest(TEXT))
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize("kind", [BackendServerError, BackendBlockedError, BadAudioError, BackendRefusedError])
async def test_one_that_fails_alone_says_so_itself(tmp_path: Path, kind: type[BackendUnavailableError]) -> None:
    bench = speak_bench(first(kind("why")), directory=tmp_path)
    with pytest.raises(kind, match="why"):
        await bench.service.speak(SpeechRequest(TEXT))


async def test_one_that_is_left_alone_and_is_alone_says_for_how_long(tmp_path: Path) -> None:
    bench = speak_bench(first(BLOCKED), directory=tmp_path)
    with pytest.raises(BackendBlockedError):
        await bench.service.speak(SpeechRequest(TEXT))
    with pytest.raises(CircuitOpenError) as caught:
        await bench.service.speak(SpeechRequest(TEXT))
    assert caught.value.retry_after_s == 5


async def test_a_hiccup_is_no_reason_for_another_voice(tmp_path: Path) -> None:
    failing = first(BackendNetworkError("hung up"))
    bench = speak_bench(failing, second(), directory=tmp_path)
    speech = await bench.service.speak(SpeechRequest(TEXT))
    assert (speech.encoded.backend, calls(failing), len(bench.pauses_s)) == ("second", [2], 1)


async def test_one_that_stalls_costs_half_of_the_deadline_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stall, other = Stall(), second()
    bench = speak_bench(first(waits_for=stall), other, directory=tmp_path, deadline_ms=8000)
    call = asyncio.create_task(bench.service.speak(SpeechRequest(TEXT)))
    await stall.reached.wait()
    await skip_ahead(monkeypatch, 3)
    assert calls(other) == [0]
    await skip_ahead(monkeypatch, 1)
    speech = await call
    assert (speech.encoded.voice, speech.fallback) == ("second:zh-CN", Fallback("first:zh-CN", "timeout"))


async def test_the_last_one_has_all_the_time_that_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stall = Stall()
    last = FakeBackend("second", waits_for=stall)
    bench = speak_bench(first(BLOCKED), last, directory=tmp_path, deadline_ms=8000)
    call = asyncio.create_task(bench.service.speak(SpeechRequest(TEXT)))
    await stall.reached.wait()
    await skip_ahead(monkeypatch, 7)
    assert not call.done()
    await skip_ahead(monkeypatch, 1)
    with pytest.raises(DeadlineExceededError):
        await call
