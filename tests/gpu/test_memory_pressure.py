from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from gpu_service.ports import Line, LineError
from tests.builders.tiny_xtts_lines import ANA

LINES = [Line((text,), "en", ANA) for text in ("ok", "hi", "yes", "so", "wow")]


@pytest.fixture
def short_of_memory(greedy: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Exception], list[int]]:
    """An engine whose device has no room for more than so many rows; the sizes of the batches that it was given."""
    begin, tried = greedy._transformer.begin, list[int]()

    def have(most: int, error: Exception) -> list[int]:
        def limited(prefixes: Any, most_tokens: int) -> Any:
            tried.append(len(prefixes))
            if len(prefixes) > most:
                raise error
            return begin(prefixes, most_tokens)

        monkeypatch.setattr(greedy._transformer, "begin", limited)
        return tried

    return have


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
    ids=["gpu", "cpu", "python"],
)
def test_a_batch_that_does_not_fit_is_halved_until_it_does(
    greedy: Any, short_of_memory: Callable[..., list[int]], error: Exception
) -> None:
    alone = greedy.speak(LINES[:1])[0]
    halved = greedy.figures()["batches_halved"]
    tried = short_of_memory(2, error)
    made = greedy.speak(LINES)
    assert tried == [5, 2, 3, 1, 2]
    assert all(isinstance(sound, np.ndarray) for sound in made)
    np.testing.assert_allclose(made[0], alone, atol=1e-5)
    assert greedy.figures()["batches_halved"] == halved + 2


def test_a_line_that_does_not_fit_alone_is_told_so(greedy: Any, short_of_memory: Callable[..., list[int]]) -> None:
    short_of_memory(0, torch.OutOfMemoryError("CUDA out of memory"))
    made = greedy.speak(LINES[:2])
    assert [error.reason for error in made if isinstance(error, LineError)] == ["no_memory", "no_memory"]


def test_another_error_is_not_taken_for_memory(greedy: Any, short_of_memory: Callable[..., list[int]]) -> None:
    short_of_memory(0, RuntimeError("device-side assert triggered"))
    with pytest.raises(RuntimeError, match="assert"):
        greedy.speak(LINES[:2])


def test_no_more_lines_are_taken_than_the_budget_has_room_for(load_engine: Callable[..., Any]) -> None:
    weights = int(load_engine().figures()["memory_allocated_bytes"])
    roomy = load_engine(memory_budget_bytes=2 * weights + (1 << 30))
    tight = load_engine(memory_budget_bytes=weights + 18_000_000)
    assert roomy.most_rows(LINES) == 5
    assert load_engine(most_rows=3).most_rows(LINES) == 3
    assert 1 < tight.most_rows(LINES) < 5
    assert load_engine(memory_budget_bytes=weights).most_rows(LINES) == 1


def test_the_account_is_even_after_a_batch(greedy: Any) -> None:
    before = greedy.figures()["memory_allocated_bytes"]
    greedy.speak(LINES[:2])
    assert greedy.figures()["memory_allocated_bytes"] == before
