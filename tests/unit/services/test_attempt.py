import logging
from collections.abc import AsyncIterator

import pytest

from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.circuit import CircuitState
from danmu_tts.domain.errors import (
    BackendBusyError,
    BackendLateError,
    BackendNetworkError,
    BackendRefusedError,
    BackendServerError,
    BackendTimeoutError,
    BackendUnavailableError,
    BadAudioError,
    CircuitOpenError,
    NoAudioError,
    NothingToSayError,
    VoiceWithdrawnError,
)
from danmu_tts.domain.speech import Utterance
from danmu_tts.ports import BackendTraits
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs
from tests.builders.sound import sine
from tests.unit.services.watched import ENGINE, HELLO, RATE_HZ, SECOND, VENDOR, Puppet, WatchedBench, raising, saying

NOT_ITS_FAULT = [BackendRefusedError, VoiceWithdrawnError, BackendBusyError, BackendLateError]
LONG = Utterance("主播今天的操作真的太厉害了", HELLO.voice)


async def test_what_a_backend_says_comes_through_in_order() -> None:
    bench = WatchedBench(FakeBackend(traits=VENDOR))
    heard = await bench.hear(Utterance("你好，再见。", HELLO.voice))
    assert [caption.text for chunk in heard for caption in chunk.captions] == ["你好，", "再见。"]
    assert bench.outcomes == {"ok": 1}
    assert not bench.blamed


@pytest.mark.parametrize("first", [(), (SECOND,)])
async def test_what_foreign_code_raises_is_a_server_error_and_logged(first: tuple[AudioChunk, ...]) -> None:
    bench = WatchedBench(Puppet(raising(ZeroDivisionError("秘密"), *first)))
    with (
        captured_logs() as records,
        pytest.raises(BackendServerError, match="fake failed: ZeroDivisionError") as caught,
    ):
        await bench.hear()
    assert "秘密" not in caught.value.message
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    shown, detail = records
    assert (shown.levelno, vars(shown)["backend"], vars(shown)["error"]) == (logging.ERROR, "fake", "ZeroDivisionError")
    assert "watched.py" in vars(shown)["where"]
    assert "秘密" not in str(vars(shown))
    assert (detail.levelno, bool(detail.exc_info)) == (logging.DEBUG, True)
    assert bench.blamed
    assert bench.outcomes == {"server_error": 1}


async def test_foreign_code_may_fail_before_it_gives_an_iterator() -> None:
    def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        raise NotImplementedError

    bench = WatchedBench(Puppet(speak))
    with pytest.raises(BackendServerError, match="NotImplementedError"):
        await bench.hear()
    assert bench.outcomes == {"server_error": 1}


@pytest.mark.parametrize("error", [ConnectionResetError("peer"), OSError(101, "unreachable")])
async def test_what_the_operating_system_raises_is_the_network(error: OSError) -> None:
    bench = WatchedBench(Puppet(raising(error)))
    with pytest.raises(BackendNetworkError, match=type(error).__name__):
        await bench.hear()
    assert bench.outcomes == {"network": 1}


async def test_a_backends_own_timeout_is_a_timeout_of_as_long_as_was_waited() -> None:
    bench = WatchedBench(Puppet(raising(TimeoutError())))
    with pytest.raises(BackendTimeoutError) as caught:
        await bench.hear()
    assert caught.value.waited_s < 1
    assert bench.outcomes == {"timeout": 1}
    assert not bench.blamed


@pytest.mark.parametrize(("waited_s", "blamed"), [(2.9, False), (3.0, True), (None, True)])
async def test_a_timeout_that_a_backend_reports_itself_counts_by_how_long_it_waited(
    waited_s: float | None, blamed: bool
) -> None:
    error = BackendTimeoutError("silent")
    if waited_s is not None:
        error.waited_s = waited_s
    bench = WatchedBench(Puppet(raising(error)))
    with pytest.raises(BackendTimeoutError):
        await bench.hear()
    assert bench.blamed is blamed
    assert (bench.failure_rate > 0) is blamed


@pytest.mark.parametrize("kind", [BackendServerError, BadAudioError, NoAudioError, BackendNetworkError])
async def test_our_own_errors_pass_as_they_are(kind: type[BackendUnavailableError]) -> None:
    error = kind("why", retry_after_s=7)
    bench = WatchedBench(Puppet(raising(error, SECOND)))
    with pytest.raises(kind) as caught:
        await bench.hear()
    assert caught.value is error
    assert bench.blamed
    assert bench.outcomes == {kind.reason: 1}
    assert bench.failure_rate == pytest.approx(0.2)


@pytest.mark.parametrize("kind", NOT_ITS_FAULT)
async def test_what_says_nothing_about_a_backend_is_not_held_against_it(kind: type[BackendUnavailableError]) -> None:
    bench = WatchedBench(Puppet(raising(kind("not this"))))
    with pytest.raises(kind):
        await bench.hear()
    assert not bench.blamed
    assert bench.outcomes == {kind.reason: 1}
    assert bench.failure_rate == 0


async def test_nothing_to_say_is_nobodys_fault() -> None:
    bench = WatchedBench(Puppet(raising(NothingToSayError("only smileys")), ENGINE))
    with pytest.raises(NothingToSayError):
        await bench.hear()
    assert not bench.blamed
    assert bench.failure_rate == 0
    assert bench.outcomes == {"invalid_request": 1}


@pytest.mark.parametrize("chunks", [(), (AudioChunk(b"", RATE_HZ),)])
@pytest.mark.parametrize("traits", [VENDOR, ENGINE])
async def test_a_backend_that_ends_without_audio_has_failed(
    chunks: tuple[AudioChunk, ...], traits: BackendTraits
) -> None:
    bench = WatchedBench(Puppet(saying(*chunks), traits))
    with pytest.raises(NoAudioError, match="fake:zh-CN"):
        await bench.hear()
    assert bench.blamed
    assert bench.outcomes == {"no_audio": 1}


async def test_speech_too_short_for_its_text_was_cut_off() -> None:
    bench = WatchedBench(Puppet(saying(AudioChunk(sine(0.5, rate_hz=RATE_HZ), RATE_HZ))))
    with pytest.raises(BadAudioError, match="500 ms of audio; this text takes 910 or more"):
        await bench.hear(LONG)
    assert bench.outcomes == {"bad_audio": 1}
    assert bench.blamed


async def test_all_pieces_together_must_be_long_enough() -> None:
    bench = WatchedBench(Puppet(saying(*[AudioChunk(sine(0.5, rate_hz=RATE_HZ), RATE_HZ)] * 2)))
    assert len(await bench.hear(LONG)) == 2


async def test_speech_at_twice_the_tempo_may_be_half_as_long() -> None:
    bench = WatchedBench(Puppet(saying(AudioChunk(sine(0.5, rate_hz=RATE_HZ), RATE_HZ))))
    assert await bench.hear(Utterance(LONG.text, LONG.voice, tempo=2))


async def test_an_engine_in_this_process_does_not_hang_up() -> None:
    bench = WatchedBench(Puppet(saying(AudioChunk(sine(0.1, rate_hz=RATE_HZ), RATE_HZ)), ENGINE))
    assert len(await bench.hear(LONG)) == 1
    assert bench.outcomes == {"ok": 1}


async def test_a_backend_that_fails_too_often_is_not_called() -> None:
    backend = FakeBackend(fails_with=BackendNetworkError("hung up"), traits=VENDOR)
    bench = WatchedBench(backend)
    with pytest.raises(BackendNetworkError):
        await bench.hear()
    bench.clock.advance(2)
    with pytest.raises(CircuitOpenError) as caught:
        await bench.hear()
    assert caught.value.retry_after_s == pytest.approx(3)
    assert len(backend.spoken) == 1
    assert bench.outcomes == {"network": 1}
    assert bench.watched.load.in_flight == 0


async def test_a_backend_is_well_again_when_its_probe_succeeds() -> None:
    backend = FakeBackend(fails_with=BackendNetworkError("hung up"), traits=VENDOR)
    bench = WatchedBench(backend)
    with pytest.raises(BackendNetworkError):
        await bench.hear()
    backend._fails_with = None
    bench.clock.advance(5)
    await bench.hear()
    assert bench.circuit.state(bench.clock()) is CircuitState.CLOSED


async def test_a_good_probe_makes_past_failures_forgotten() -> None:
    backend = FakeBackend(fails_with=BackendNetworkError("hung up"), traits=VENDOR)
    bench = WatchedBench(backend)
    with pytest.raises(BackendNetworkError):
        await bench.hear()
    assert bench.failure_rate == pytest.approx(0.2)
    backend._fails_with = None
    bench.clock.advance(5)
    await bench.hear()
    assert bench.failure_rate == 0


async def test_a_backend_that_waits_for_its_probe_is_not_expected_to_be_slow() -> None:
    backend = FakeBackend(fails_with=BackendNetworkError("hung up"), traits=VENDOR)
    backend.waiting = 9
    bench = WatchedBench(backend)
    with pytest.raises(BackendNetworkError):
        await bench.hear()
    assert bench.watched.score_ms(bench.clock()) > 10_000
    bench.clock.advance(5)
    assert bench.watched.score_ms(bench.clock()) == 0
