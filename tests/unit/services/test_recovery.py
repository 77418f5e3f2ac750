"""Traffic comes back to a backend that was in trouble: what was seen of it must not keep it from being seen again."""

from itertools import count
from pathlib import Path
from unittest.mock import ANY

import pytest

from danmu_tts.domain.errors import BackendNetworkError, BackendServerError, BackendUnavailableError
from danmu_tts.domain.speech import SpeechRequest
from danmu_tts.ports import BackendTraits
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import FakeBackend
from tests.builders.speak_bench import SpeakBench, speak_bench

LINE_EVERY_S = 10
FEW_MINUTES, LAG = 18, 9  # lines
VENDOR = BackendTraits(silence_limit_s=5.0)
FAILURES = [BackendServerError("broken"), BackendNetworkError("hung up")]


class Room:
    """A stream whose chat speaks through two backends; ``first`` is preferred."""

    def __init__(self, directory: Path, traits: BackendTraits = VENDOR) -> None:
        self.clock = FakeClock()
        self.latency_s = 0.3
        self.first = FakeBackend("first", traits=traits, before_chunk=self._take_time)
        self.second = FakeBackend("second", traits=VENDOR, before_chunk=lambda: self.clock.advance(0.3))
        self._bench: SpeakBench = speak_bench(self.first, self.second, directory=directory, clock=self.clock)
        self._numbers = count(1)

    async def lines(self, number: int, *, every_s: float = LINE_EVERY_S, backend: str | None = None) -> list[str]:
        """So many lines of chat one after another, and which backend spoke each."""
        spoke = []
        for _ in range(number):
            request = SpeechRequest(f"第{next(self._numbers)}条弹幕", language="zh", backend=backend)
            spoke.append((await self._bench.service.speak(request)).encoded.backend)
            self.clock.advance(every_s)
        return spoke

    def fail(self, error: BackendUnavailableError | None) -> None:
        self.first._fails_with = error

    def _take_time(self) -> None:
        wait = (1 + self.first.waiting) * self.latency_s
        self.clock.advance(wait)


@pytest.mark.parametrize("error", FAILURES)
async def test_a_vendor_that_failed_and_is_well_again_gets_its_traffic_back(
    tmp_path: Path, error: BackendUnavailableError
) -> None:
    room = Room(tmp_path)
    assert set(await room.lines(5)) == {"first"}
    room.fail(error)
    assert set(await room.lines(2 * FEW_MINUTES)) == {"second"}
    room.fail(None)
    assert await room.lines(FEW_MINUTES) == [*[ANY] * LAG, *["first"] * (FEW_MINUTES - LAG)]


@pytest.mark.parametrize("error", FAILURES)
async def test_so_does_one_whose_first_lines_ever_failed(tmp_path: Path, error: BackendUnavailableError) -> None:
    room = Room(tmp_path)
    room.fail(error)
    assert set(await room.lines(3)) == {"second"}
    room.fail(None)
    assert await room.lines(FEW_MINUTES) == [*[ANY] * LAG, *["first"] * (FEW_MINUTES - LAG)]


async def test_a_vendor_that_was_slow_without_failing_is_first_again(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.latency_s = 2.5
    await room.lines(12, every_s=0, backend="first")
    assert await room.lines(1) == ["second"]
    room.latency_s = 0.3
    assert await room.lines(FEW_MINUTES) == [*[ANY] * LAG, *["first"] * (FEW_MINUTES - LAG)]


async def test_an_engine_whose_own_queue_was_long_is_first_again_as_soon_as_it_is_idle(tmp_path: Path) -> None:
    room = Room(tmp_path, BackendTraits())
    room.first.waiting, room.latency_s = 9.0, 0.8
    await room.lines(12, every_s=0, backend="first")
    assert await room.lines(1, every_s=0) == ["second"]
    room.first.waiting = 0.0
    assert set(await room.lines(FEW_MINUTES, every_s=0)) == {"first"}
