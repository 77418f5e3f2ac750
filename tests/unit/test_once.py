import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from danmu_tts.once import once


def test_threads_that_ask_together_get_the_same_object() -> None:
    second_build, builds = threading.Barrier(2), []

    @once
    def build() -> object:
        builds.append("built")
        with suppress(threading.BrokenBarrierError):
            second_build.wait(0.1)
        return object()

    all_here = threading.Barrier(8)

    def ask(_: int) -> object:
        all_here.wait(10)
        return build()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1
    assert builds == ["built"]


def test_nothing_is_built_before_somebody_asks() -> None:
    @once
    def build() -> None:
        pytest.fail("nobody asked")

    assert build.__name__ == "build"


@pytest.mark.parametrize("value", [None, 0, ""])
def test_even_nothing_is_built_only_once(value: object) -> None:
    values = iter([value])
    build = once(lambda: next(values))
    assert [build(), build()] == [value, value]


def test_a_build_that_raises_is_tried_again() -> None:
    attempts: list[str] = []

    @once
    def build() -> str:
        attempts.append("tried")
        if len(attempts) == 1:
            raise OSError("not yet")
        return "built"

    with pytest.raises(OSError, match="not yet"):
        build()
    assert [build(), build()] == ["built", "built"]
    assert len(attempts) == 2
