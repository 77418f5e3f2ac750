import asyncio
from typing import cast

import pytest

from danmu_tts.domain.circuit import CircuitPolicy, CircuitState
from danmu_tts.domain.errors import BackendBlockedError, BackendNetworkError, BackendUnavailableError
from danmu_tts.domain.load import LoadFigures
from danmu_tts.domain.selection import Wish
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.ports import BackendHealth, BackendTraits
from danmu_tts.services.backends import BackendManager
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs
from tests.builders.speak_bench import a_manager

FIRST = FakeBackend("first", ["zh-CN", "en-US"])
SECOND = FakeBackend("second", ["zh-TW"])
HELLO = Utterance("你好", Voice("first:zh-CN", "zh-CN"))


class Patient(FakeBackend):
    """Its health check does what the test says."""

    def __init__(
        self, name: str = "first", *, ill: Exception | None = None, thinks: asyncio.Event | None = None
    ) -> None:
        super().__init__(name, traits=BackendTraits(silence_limit_s=5.0))
        self.ill = ill
        self.checks = 0
        self._thinks = thinks

    async def health_check(self) -> BackendHealth:
        self.checks += 1
        if self._thinks:
            await self._thinks.wait()
        if self.ill:
            raise self.ill
        return BackendHealth(True, f"check {self.checks}")


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(10):
        await asyncio.sleep(0)


async def ranked(manager: BackendManager) -> list[str]:
    return [voice.backend for voice in await manager.rank(Wish("zh"))]


async def fail(manager: BackendManager, name: str, error: BackendUnavailableError) -> None:
    """One call of a backend that fails."""
    passage = manager.watched[name].circuit.enter(manager._clock())
    assert passage is not None
    passage.failed(error, manager._clock())


async def speak(manager: BackendManager, name: str) -> None:
    """One call of a backend that succeeds."""
    assert [chunk async for chunk in manager.watched[name].synthesize(HELLO, 10)]


async def test_a_report_has_health_circuit_load_and_traits() -> None:
    ill = Patient("ill", ill=BackendNetworkError("not reached"))
    manager = a_manager(FIRST, ill)
    await fail(manager, "ill", BackendBlockedError("no"))
    manager.watched["first"].load.succeeded(500, manager._clock())
    reports = await manager.reports()
    assert list(reports) == ["first", "ill"]
    assert reports["first"].health == BackendHealth(True, "2 voices")
    assert reports["first"].circuit is CircuitState.CLOSED
    assert reports["first"].load == LoadFigures(0, 500.0, 0.0)
    assert reports["ill"].health == BackendHealth(False, "not reached")
    assert reports["ill"].circuit is CircuitState.OPEN
    assert reports["ill"].traits.silence_limit_s == 5


async def test_health_is_asked_for_in_the_background_and_nobody_waits() -> None:
    thinks = asyncio.Event()
    backend = Patient(thinks=thinks)
    manager = a_manager(backend)
    await speak(manager, "first")
    assert await ranked(manager) == ["first"]
    await settle()
    assert await ranked(manager) == ["first"]
    assert backend.checks == 1
    thinks.set()
    assert (await manager.reports())["first"].health.detail == "check 1"


async def test_nobody_is_checked_who_was_never_called() -> None:
    called, other = Patient("called"), Patient("other")
    manager = a_manager(called, other)
    await speak(manager, "called")
    await manager.rank(Wish("zh"))
    await settle()
    assert (called.checks, other.checks) == (1, 0)
    await manager.reports()
    assert (called.checks, other.checks) == (2, 1)


async def test_health_is_asked_for_again_when_its_time_is_over_and_not_before() -> None:
    clock, backend = FakeClock(), Patient()
    manager = a_manager(backend, clock=clock)
    await speak(manager, "first")
    for seconds, checks in [(0, 1), (59, 1), (1, 2), (59, 2), (1, 3)]:
        clock.advance(seconds)
        await ranked(manager)
        await settle()
        assert backend.checks == checks
    assert (await manager.reports())["first"].health.detail == "check 3"


async def test_a_report_waits_for_a_check_that_is_due() -> None:
    clock, backend = FakeClock(), Patient()
    manager = a_manager(backend, clock=clock)
    await manager.reports()
    clock.advance(60)
    assert (await manager.reports())["first"].health.detail == "check 2"


async def test_failed_checks_count_like_failed_calls() -> None:
    clock, backend = FakeClock(), Patient(ill=BackendNetworkError("not reached"))
    manager = a_manager(backend, SECOND, clock=clock)
    for _ in range(2):
        await manager.reports()
        clock.advance(60)
    assert await ranked(manager) == ["first", "second"]
    assert (await manager.reports())["first"].circuit is CircuitState.OPEN
    assert await ranked(manager) == ["second", "first"]


async def test_a_good_check_does_not_close_a_circuit_and_a_bad_one_takes_no_probe() -> None:
    clock, backend = FakeClock(), Patient()
    manager = a_manager(backend, clock=clock)
    await fail(manager, "first", BackendBlockedError("no"))
    clock.advance(60)
    assert (await manager.reports())["first"].circuit is CircuitState.HALF_OPEN
    backend.ill = BackendBlockedError("no")
    clock.advance(60)
    assert (await manager.reports())["first"].circuit is CircuitState.HALF_OPEN
    assert manager.watched["first"].circuit.allows(clock())


async def test_a_check_that_breaks_is_reported_and_takes_nothing_down() -> None:
    manager = a_manager(Patient(ill=ZeroDivisionError("secret")), SECOND)
    with captured_logs() as records:
        reports = await manager.reports()
    assert reports["first"].health == BackendHealth(False, "its health check failed: ZeroDivisionError")
    assert reports["first"].circuit is CircuitState.CLOSED
    assert reports["second"].health.available
    (record,) = records
    assert (vars(record)["backend"], vars(record)["error"]) == ("first", "ZeroDivisionError")
    assert "secret" not in str(vars(record))


async def test_a_check_that_never_ends_is_given_up_after_five_seconds_and_is_a_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager = a_manager(Patient(thinks=asyncio.Event()), circuit=CircuitPolicy(failures=1))
    report = asyncio.create_task(manager.reports())
    await settle()
    loop = asyncio.get_running_loop()
    genuine = loop.time
    monkeypatch.setattr(loop, "time", lambda: genuine() + 4.5)
    await settle()
    assert not report.done()
    monkeypatch.setattr(loop, "time", lambda: genuine() + 5)
    await settle()
    assert report.done()
    assert report.result()["first"].health == BackendHealth(False, "its health check did not answer in 5 s")
    assert report.result()["first"].circuit is CircuitState.OPEN


@pytest.mark.parametrize(("ago_s", "circuit"), [(59, CircuitState.CLOSED), (60, CircuitState.OPEN)])
async def test_a_failed_check_does_not_count_while_calls_succeed(ago_s: float, circuit: CircuitState) -> None:
    clock, backend = FakeClock(), Patient(ill=BackendBlockedError("may not list"))
    manager = a_manager(backend, clock=clock)
    await speak(manager, "first")
    clock.advance(ago_s)
    report = (await manager.reports())["first"]
    assert report.health == BackendHealth(False, "may not list")
    assert report.circuit is circuit


async def test_a_health_that_is_none_is_reported_and_counts_for_nothing() -> None:
    class Vague(FakeBackend):
        async def health_check(self) -> BackendHealth:
            return cast(BackendHealth, "fine")

    manager = a_manager(Vague("first"), circuit=CircuitPolicy(failures=1))
    report = (await manager.reports())["first"]
    assert report.health == BackendHealth(False, "its health check failed: TypeError")
    assert report.circuit is CircuitState.CLOSED


async def test_one_that_cannot_be_closed_does_not_keep_the_others_open() -> None:
    closed: list[str] = []

    class Door(FakeBackend):
        async def cleanup(self) -> None:
            closed.append(self.name)
            if self.name == "stuck":
                raise ZeroDivisionError

    with captured_logs() as records:
        await a_manager(Door("stuck"), Door("second")).close()
    assert closed == ["stuck", "second"]
    assert [vars(record)["backend"] for record in records] == ["stuck"]


async def test_closing_gives_up_a_check_that_is_under_way() -> None:
    backend = Patient(thinks=asyncio.Event())
    manager = a_manager(backend)
    await speak(manager, "first")
    await ranked(manager)
    await settle()
    await manager.close()
    await settle()
    assert manager._checking is not None
    assert manager._checking.cancelled()
