"""What a backend may do wrong while it speaks, and that each of these ends in one of our errors."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from danmu_tts.domain.audio import AudioChunk, AudioEncoding, Caption
from danmu_tts.domain.errors import (
    BackendServerError,
    BackendTimeoutError,
    BackendUnavailableError,
    BadAudioError,
)
from danmu_tts.domain.speech import Utterance
from danmu_tts.ports import BackendTraits
from tests.builders.sound import sine
from tests.unit.services.watched import (
    BUDGET_S,
    ENGINE,
    HELLO,
    LIMIT_S,
    RATE_HZ,
    SECOND,
    VENDOR,
    Puppet,
    WatchedBench,
    saying,
    settle,
    skip_ahead,
)

NOTHING = AudioChunk(b"", RATE_HZ)
ONLY_CAPTIONS = AudioChunk(b"", RATE_HZ, captions=(Caption("你", 0, 1),))
LONGEST_S = 32  # a second for each of the two characters, and half a minute
CLOSING_LIMIT_S = 1.0


def chunk(**odd: Any) -> AudioChunk:
    fields: dict[str, Any] = {"data": SECOND.data, "sample_rate_hz": RATE_HZ}
    return AudioChunk(**fields | odd)


async def error_of(bench: WatchedBench) -> BackendUnavailableError:
    with pytest.raises(BackendUnavailableError) as caught:
        await bench.hear()
    return caught.value


@pytest.mark.parametrize(("traits", "limit_s"), [(VENDOR, LIMIT_S), (ENGINE, BUDGET_S)])
@pytest.mark.parametrize("empty", [NOTHING, ONLY_CAPTIONS])
async def test_a_flood_of_empty_chunks_is_a_timeout_and_does_not_stop_the_loop(
    monkeypatch: pytest.MonkeyPatch, traits: BackendTraits, limit_s: float, empty: AudioChunk
) -> None:
    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        while True:
            yield empty

    call = WatchedBench(Puppet(speak, traits)).listen()
    await skip_ahead(monkeypatch, limit_s - 0.5)
    assert not call.done()
    await skip_ahead(monkeypatch, 0.5)
    assert call.done()
    assert isinstance(call.exception(), BackendTimeoutError)


async def test_a_flood_of_empty_chunks_ends_with_a_cancellation_of_the_caller() -> None:
    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        while True:
            yield NOTHING

    call = WatchedBench(Puppet(speak)).listen()
    await settle()
    call.cancel()
    await settle()
    assert call.cancelled()


@pytest.mark.parametrize("empty", [NOTHING, ONLY_CAPTIONS])
async def test_an_empty_chunk_does_not_end_a_silence(monkeypatch: pytest.MonkeyPatch, empty: AudioChunk) -> None:
    go_on = asyncio.Event()

    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        yield SECOND
        await go_on.wait()
        yield empty
        await asyncio.Event().wait()

    call = WatchedBench(Puppet(speak)).listen()
    await skip_ahead(monkeypatch, LIMIT_S - 0.5)
    go_on.set()
    await settle()
    assert not call.done()
    await skip_ahead(monkeypatch, 0.5)
    assert call.done()
    assert isinstance(call.exception(), BackendTimeoutError)


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([SECOND, chunk(sample_rate_hz=16_000)], id="another rate midway"),
        pytest.param([NOTHING, chunk(sample_rate_hz=16_000)], id="another rate after an empty chunk"),
        pytest.param([SECOND, chunk(encoding=AudioEncoding.MP3)], id="another encoding midway"),
        pytest.param([chunk(data=SECOND.data + b"\0")], id="half a sample"),
        pytest.param([SECOND, chunk(data=b"\0")], id="half a sample midway"),
        pytest.param([chunk(sample_rate_hz=7999)], id="too low"),
        pytest.param([chunk(sample_rate_hz=192_001)], id="too high"),
        pytest.param([chunk(sample_rate_hz=1)], id="a hertz"),
        pytest.param([chunk(sample_rate_hz=-RATE_HZ)], id="below nothing"),
        pytest.param([chunk(encoding="pcm")], id="an encoding by its name"),
        pytest.param([chunk(data=bytearray(SECOND.data))], id="bytes that may change"),
        pytest.param([chunk(data=None)], id="None for bytes"),
        pytest.param([chunk(captions=("你",))], id="a caption that is a string"),
        pytest.param([SECOND, chunk(captions=[None])], id="a caption that is None"),
    ],
)
@pytest.mark.parametrize("traits", [VENDOR, ENGINE])
async def test_what_is_no_audio_by_our_rules_is_bad_audio(chunks: list[AudioChunk], traits: BackendTraits) -> None:
    bench = WatchedBench(Puppet(saying(*chunks), traits))
    assert isinstance(await error_of(bench), BadAudioError)
    assert bench.blamed
    assert bench.outcomes == {"bad_audio": 1}


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(b"\0\0", id="bytes"),
        pytest.param("chunk", id="a string"),
        pytest.param(object(), id="an object"),
        pytest.param(None, id="None"),
        pytest.param(chunk(sample_rate_hz=0), id="no rate"),
        pytest.param(chunk(sample_rate_hz="24000"), id="a rate as a string"),
        pytest.param(chunk(sample_rate_hz=None), id="None for a rate"),
        pytest.param(chunk(captions=None), id="None for captions"),
        pytest.param(chunk(captions=7), id="a number for captions"),
    ],
)
@pytest.mark.parametrize("before", [(), (SECOND,)], ids=["first", "midway"])
async def test_what_is_no_chunk_at_all_is_the_backends_failure(odd: Any, before: tuple[AudioChunk, ...]) -> None:
    bench = WatchedBench(Puppet(saying(*before, odd)))
    await error_of(bench)
    assert bench.blamed


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 192_000])
async def test_any_rate_in_use_is_taken(rate_hz: int) -> None:
    assert await WatchedBench(Puppet(saying(AudioChunk(sine(1, rate_hz=rate_hz), rate_hz)))).hear()


async def test_audio_much_too_long_for_its_text_is_refused_and_not_heard_to_its_end() -> None:
    given = 0

    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        nonlocal given
        while True:
            given += 1
            yield SECOND

    bench = WatchedBench(Puppet(speak))
    assert isinstance(await error_of(bench), BadAudioError)
    assert given == LONGEST_S + 1
    assert bench.outcomes == {"bad_audio": 1}


@pytest.mark.parametrize(
    ("seconds", "tempo", "traits"), [(LONGEST_S, 1, VENDOR), (2 * LONGEST_S, 0.5, VENDOR), (LONGEST_S + 1, 1, ENGINE)]
)
async def test_slow_speech_and_an_engine_of_ours_are_heard_to_their_end(
    seconds: int, tempo: float, traits: BackendTraits
) -> None:
    bench = WatchedBench(Puppet(saying(*[SECOND] * seconds), traits))
    assert len(await bench.hear(Utterance(HELLO.text, HELLO.voice, tempo=tempo))) == seconds


def at_once(error: BaseException) -> Callable[[Utterance], AsyncIterator[AudioChunk]]:
    def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        raise error

    return speak


def midway(error: BaseException) -> Callable[[Utterance], AsyncIterator[AudioChunk]]:
    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        yield SECOND
        raise error

    return speak


@pytest.mark.parametrize("when", [at_once, midway])
@pytest.mark.parametrize("error", [asyncio.CancelledError(), SystemExit(3), ValueError("秘密"), StopAsyncIteration()])
async def test_whatever_a_backend_raises_is_a_server_error(
    when: Callable[[BaseException], Callable[[Utterance], AsyncIterator[AudioChunk]]], error: BaseException
) -> None:
    bench = WatchedBench(Puppet(when(error)))
    caught = await error_of(bench)
    assert isinstance(caught, BackendServerError)
    assert "秘密" not in caught.message
    assert bench.blamed
    assert bench.outcomes == {"server_error": 1}
    assert bench.watched.load.in_flight == 0


async def test_a_backend_without_an_iterator_is_a_server_error() -> None:
    def speak(utterance: Utterance) -> Any:
        return None

    assert isinstance(await error_of(WatchedBench(Puppet(speak))), BackendServerError)


async def test_a_cancellation_of_the_caller_stays_one_and_is_not_held_against_the_backend() -> None:
    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        yield SECOND
        await asyncio.Event().wait()

    bench = WatchedBench(Puppet(speak))
    call = bench.listen()
    await settle()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not bench.blamed
    assert bench.outcomes == {"left": 1}


async def test_a_generator_that_does_not_close_is_left_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        try:
            yield chunk(sample_rate_hz=1)
        finally:
            await asyncio.Event().wait()

    call = WatchedBench(Puppet(speak)).listen()
    await skip_ahead(monkeypatch, CLOSING_LIMIT_S - 0.1)
    assert not call.done()
    await skip_ahead(monkeypatch, 0.1)
    assert call.done()
    assert isinstance(call.exception(), BadAudioError)


async def test_a_silent_generator_that_does_not_let_go_is_left_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = asyncio.Event()

    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        yield SECOND
        try:
            await asyncio.Event().wait()
        finally:
            await let_go.wait()

    call = WatchedBench(Puppet(speak)).listen()
    await skip_ahead(monkeypatch, LIMIT_S)
    await skip_ahead(monkeypatch, CLOSING_LIMIT_S)
    left = call.done()
    let_go.set()
    await settle()
    assert isinstance(call.exception(), BackendTimeoutError)
    assert left


@pytest.mark.parametrize("error", [ValueError(), SystemExit(3), asyncio.CancelledError()])
async def test_what_a_generator_raises_as_it_closes_does_not_hide_what_was_wrong(error: BaseException) -> None:
    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        try:
            yield chunk(sample_rate_hz=1)
        finally:
            raise error

    assert isinstance(await error_of(WatchedBench(Puppet(speak))), BadAudioError)
