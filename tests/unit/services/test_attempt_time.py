import asyncio
from collections.abc import AsyncIterator

import pytest

from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.errors import BackendBusyError, BackendNetworkError, BackendTimeoutError
from danmu_tts.domain.speech import Utterance
from danmu_tts.ports import BackendTraits
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import FakeBackend
from tests.unit.services.watched import (
    BUDGET_S,
    ENGINE,
    HELLO,
    LIMIT_S,
    SECOND,
    VENDOR,
    Puppet,
    WatchedBench,
    raising,
    settle,
    silent_after,
    skip_ahead,
)

MOST_AT_ONCE = 20


async def test_latency_is_the_time_to_the_first_audio() -> None:
    clock = FakeClock()
    bench = WatchedBench(FakeBackend(before_chunk=lambda: clock.advance(0.5)), clock)
    await bench.hear(Utterance("你好，再见。", HELLO.voice))
    assert bench.watched.load.figures(clock()).latency_ms == pytest.approx(500)


async def test_time_in_the_engines_own_queue_is_not_its_latency() -> None:
    clock = FakeClock()
    backend = FakeBackend(before_chunk=lambda: clock.advance(2))
    backend.waiting = 3
    bench = WatchedBench(backend, clock)
    await bench.hear()
    assert bench.watched.load.figures(clock()).latency_ms == pytest.approx(500)


async def test_silence_beyond_the_limit_is_a_timeout_and_the_backends_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = WatchedBench(Puppet(silent_after()))
    call = bench.listen()
    await skip_ahead(monkeypatch, LIMIT_S - 0.5)
    assert not call.done()
    await skip_ahead(monkeypatch, 0.5)
    with pytest.raises(BackendTimeoutError, match=r"silent for 5\.0 s"):
        await call
    assert bench.blamed
    assert bench.outcomes == {"timeout": 1}
    assert bench.failure_rate > 0


async def test_each_piece_of_audio_begins_the_wait_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = asyncio.Event()

    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        yield SECOND
        await go_on.wait()
        yield SECOND
        await asyncio.Event().wait()

    bench = WatchedBench(Puppet(speak))
    call = bench.listen()
    await skip_ahead(monkeypatch, LIMIT_S - 0.5)
    go_on.set()
    await skip_ahead(monkeypatch, LIMIT_S - 0.5)
    assert not call.done()
    await skip_ahead(monkeypatch, 0.5)
    with pytest.raises(BackendTimeoutError):
        await call


async def test_no_backend_gets_more_than_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = WatchedBench(Puppet(silent_after()))
    call = bench.listen(budget_s=4)
    await skip_ahead(monkeypatch, 4)
    with pytest.raises(BackendTimeoutError):
        await call
    assert bench.blamed


async def test_audio_in_between_does_not_lengthen_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = asyncio.Event()

    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        await go_on.wait()
        yield SECOND
        await asyncio.Event().wait()

    call = WatchedBench(Puppet(speak)).listen(budget_s=6)
    await skip_ahead(monkeypatch, 4)
    go_on.set()
    await skip_ahead(monkeypatch, 1.5)
    assert not call.done()
    await skip_ahead(monkeypatch, 0.5)
    assert call.done()
    assert isinstance(call.exception(), BackendTimeoutError)


async def test_an_engine_of_ours_is_never_blamed_for_its_slowness(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = WatchedBench(Puppet(silent_after(), ENGINE))
    call = bench.listen()
    await skip_ahead(monkeypatch, LIMIT_S * 2)
    assert not call.done()
    await skip_ahead(monkeypatch, BUDGET_S)
    with pytest.raises(BackendTimeoutError):
        await call
    assert not bench.blamed
    assert bench.failure_rate == 0
    assert bench.outcomes == {"timeout": 1}


@pytest.mark.parametrize(
    ("usual_ms", "budget_s", "limit_s", "blamed"),
    [
        (1000, 2.5, 5, False),  # three times its usual latency would be fair
        (1000, 3, 5, True),
        (100, 0.9, 5, False),  # and never less than a second
        (100, 1, 5, True),
        (4000, 4.5, 5, False),
        (4000, 6, 5, True),  # silent for as long as it may be at all
        (1000, 0.9, 0.5, True),
    ],
)
async def test_a_backend_is_blamed_only_if_it_had_a_fair_chance(
    monkeypatch: pytest.MonkeyPatch, usual_ms: float, budget_s: float, limit_s: float, blamed: bool
) -> None:
    bench = WatchedBench(Puppet(silent_after(), BackendTraits(silence_limit_s=limit_s)))
    for _ in range(40):
        bench.watched.load.succeeded(usual_ms, bench.clock())
    call = bench.listen(budget_s)
    await skip_ahead(monkeypatch, budget_s)
    with pytest.raises(BackendTimeoutError):
        await call
    assert bench.blamed is blamed
    assert (bench.failure_rate > 0) is blamed


async def test_who_leaves_midway_frees_everything_and_closes_the_backends_generator() -> None:
    closed = asyncio.Event()

    async def speak(utterance: Utterance) -> AsyncIterator[AudioChunk]:
        try:
            yield SECOND
            yield SECOND
        finally:
            closed.set()

    bench = WatchedBench(Puppet(speak))
    chunks = bench.watched.synthesize(HELLO, BUDGET_S)
    await anext(chunks)
    assert bench.watched.load.in_flight == 1
    await chunks.aclose()
    assert closed.is_set()
    assert bench.watched.load.in_flight == 0
    assert bench.outcomes == {"left": 1}
    assert not bench.blamed


async def test_a_probe_that_is_cancelled_lets_another_one_try() -> None:
    bench = WatchedBench(Puppet(raising(BackendNetworkError("hung up"))))
    with pytest.raises(BackendNetworkError):
        await bench.hear()
    bench.clock.advance(5)
    bench.watched.backend = Puppet(silent_after())
    probe = bench.listen()
    await settle()
    assert not bench.circuit.allows(bench.clock())
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert bench.circuit.allows(bench.clock())
    assert bench.outcomes == {"network": 1, "left": 1}


async def test_so_many_calls_of_a_vendor_are_under_way_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    may_speak = asyncio.Event()
    backend = FakeBackend(waits_for=may_speak, traits=VENDOR)
    bench = WatchedBench(backend)
    calls = [bench.listen() for _ in range(MOST_AT_ONCE + 1)]
    hasty = bench.listen(budget_s=1)
    await settle()
    assert len(backend.spoken) == MOST_AT_ONCE
    assert bench.watched.load.in_flight == MOST_AT_ONCE + 2
    await skip_ahead(monkeypatch, 1)
    with pytest.raises(BackendBusyError):
        await hasty
    assert not bench.blamed
    may_speak.set()
    assert all(await asyncio.gather(*calls))
    assert len(backend.spoken) == MOST_AT_ONCE + 1
    assert bench.watched.load.in_flight == 0


async def test_who_waited_for_a_turn_has_only_the_rest_of_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = asyncio.Event()
    backend = FakeBackend(waits_for=may_end, traits=VENDOR)
    bench = WatchedBench(backend)
    calls = [bench.listen() for _ in range(MOST_AT_ONCE)]
    late = bench.listen(budget_s=4)
    await settle()
    bench.clock.advance(3)
    backend._waits_for = asyncio.Event()
    may_end.set()
    await asyncio.gather(*calls)
    await skip_ahead(monkeypatch, 1)
    assert late.done()
    assert isinstance(late.exception(), BackendTimeoutError)


async def test_an_engine_in_this_process_counts_its_own_calls() -> None:
    may_speak = asyncio.Event()
    backend = FakeBackend(waits_for=may_speak)
    bench = WatchedBench(backend)
    calls = [bench.listen() for _ in range(MOST_AT_ONCE + 5)]
    await settle()
    assert len(backend.spoken) == MOST_AT_ONCE + 5
    may_speak.set()
    await asyncio.gather(*calls)
