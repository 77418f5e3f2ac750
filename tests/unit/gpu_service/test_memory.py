from collections.abc import Sequence
from pathlib import Path

import pytest

from gpu_service.memory import (
    Memory,
    ModelShape,
    NoMemoryError,
    RowSize,
    batch_bytes,
    free_host_bytes,
    is_out_of_memory,
)

SHAPE = ModelShape(
    layers=30, width=1024, value_bytes=2, vocabulary=1026, most_tokens=605, frames_a_token=4.35, together=True
)
ROW = RowSize(prefix=100)


def test_what_is_taken_is_not_free_until_it_is_released() -> None:
    memory = Memory(100)
    memory.allocate(60)
    with pytest.raises(NoMemoryError, match="50 bytes are needed, 40 of 100"):
        memory.allocate(50)
    assert memory.free_bytes == 40
    memory.release(60)
    memory.allocate(100)
    assert memory.figures()["memory_most_bytes"] == 100


def test_what_is_held_is_released_when_it_fails() -> None:
    memory = Memory(100)

    def fail() -> None:
        with memory.holding(500):
            assert memory.allocated_bytes == 500
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert memory.allocated_bytes == 0


def test_a_batch_of_the_real_model_is_predicted_by_its_keys_and_values() -> None:
    keys_and_values = 2 * 30 * 1024 * 2 * (100 + 605)
    assert batch_bytes(SHAPE, [ROW] * 4) > 4 * keys_and_values
    assert batch_bytes(SHAPE, []) == 0


def test_every_row_takes_as_much_as_the_longest() -> None:
    assert batch_bytes(SHAPE, [ROW, RowSize(400)]) == batch_bytes(SHAPE, [RowSize(400)] * 2)


def test_a_slow_row_takes_more() -> None:
    assert batch_bytes(SHAPE, [RowSize(100, stretch=4)]) > batch_bytes(SHAPE, [ROW])


def test_as_many_rows_are_admitted_as_are_predicted_to_fit() -> None:
    memory = Memory(batch_bytes(SHAPE, [ROW] * 5))
    assert memory.most_rows(SHAPE, [ROW] * 9, 16) == 5
    assert memory.most_rows(SHAPE, [ROW] * 9, 3) == 3
    assert memory.most_rows(SHAPE, [ROW] * 2, 16) == 2
    assert Memory(0).most_rows(SHAPE, [ROW] * 9, 16) == 1


def test_batches_that_took_more_than_predicted_admit_fewer_at_once() -> None:
    memory = Memory(batch_bytes(SHAPE, [ROW] * 6))
    memory.learn(1000, 2000)
    assert memory.most_rows(SHAPE, [ROW] * 9, 16) == 3


def test_batches_that_took_less_admit_more_little_by_little() -> None:
    memory = Memory(batch_bytes(SHAPE, [ROW] * 4))
    memory.learn(1000, 500)
    assert 0.9 < memory.factor < 1
    for _ in range(50):
        memory.learn(1000, 500)
    assert memory.most_rows(SHAPE, [ROW] * 40, 40) > 6
    assert memory.factor >= 0.25


def test_what_nobody_measured_teaches_nothing() -> None:
    memory = Memory(100)
    memory.learn(1000, 0)
    assert memory.factor == 1


def test_halves_go_on_until_they_fit_and_keep_their_order() -> None:
    tried: list[int] = []

    def make(items: Sequence[int]) -> list[int]:
        tried.append(len(items))
        if len(items) > 2:
            raise MemoryError
        return [item * 10 for item in items]

    memory = Memory(100)
    assert memory.in_halves(range(7), make) == [0, 10, 20, 30, 40, 50, 60]
    assert tried == [7, 3, 1, 2, 4, 2, 2]
    assert memory.halved == 3


def test_one_that_does_not_fit_alone_does_not_keep_others_from_it() -> None:
    def make(items: Sequence[int]) -> list[int]:
        if 2 in items:
            raise MemoryError
        return list(items)

    memory = Memory(100)
    first, second, third, fourth = memory.in_halves([1, 2, 3, 4], make)
    assert (first, third, fourth) == (1, 3, 4)
    assert isinstance(second, NoMemoryError)
    assert memory.figures()["rows_without_memory"] == 1


def test_another_error_passes() -> None:
    def make(_: Sequence[int]) -> list[int]:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        Memory(100).in_halves([1, 2], make)


def test_out_of_memory_is_told_from_other_errors() -> None:
    class OutOfMemoryError(RuntimeError):
        """As torch has it."""

    assert is_out_of_memory(OutOfMemoryError("CUDA"))
    assert is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("no kernel image is available"))
    assert not is_out_of_memory(ValueError("can't allocate memory"))


def test_a_container_has_what_its_limit_leaves(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    assert free_host_bytes(meminfo, tmp_path) == 8000 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1024000\n")
    assert free_host_bytes(meminfo, tmp_path) == 8000 * 1024
    (tmp_path / "memory.max").write_text("2048000\n")
    assert free_host_bytes(meminfo, tmp_path) == 1024000
