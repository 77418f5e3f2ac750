"""Memory of the device that speaks: what is taken, what a batch will take, and what to do when it was too much.

Pure Python: what a device has and has used, it is told. Whoever takes memory keeps account here; torch itself is not
asked before each batch, for what its allocator holds back is neither free nor taken.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

_LEAST_FACTOR, _MOST_FACTOR = 0.25, 8.0
_FORGETTING = 0.1
"""How far a batch that took less than predicted moves the factor; one that took more moves it at once."""


class NoMemoryError(Exception):
    """There is no room for this."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What decides how much memory a row takes.

    Attributes:
        layers: of the language model.
        width: of one position's keys, and of its values.
        value_bytes: of one number.
        vocabulary: audio tokens there are.
        most_tokens: audio tokens a row can have.
        frames_a_token: of the vocoder, for each audio token.
        together: whether the vocoder takes rows together, rather than one by one.
    """

    layers: int
    width: int
    value_bytes: int
    vocabulary: int
    most_tokens: int
    frames_a_token: float
    together: bool


@dataclass(frozen=True, slots=True)
class RowSize:
    """What is known of a row beforehand: positions before its first audio token, and how much slower it is said."""

    prefix: int
    stretch: float = 1.0


VOCODER_BYTES_A_FRAME = 6 * 256 * 32 * 4
"""At its last stage HiFi-GAN has 256 samples a frame in 32 channels of 4 bytes; six such tensors live at once."""


def batch_bytes(shape: ModelShape, rows: Sequence[RowSize]) -> int:
    """What a batch takes at most, before any correction: all rows are padded to the longest, and may run to the end."""
    if not rows:
        return 0
    columns = max(row.prefix for row in rows) + shape.most_tokens
    keys_and_values = 2 * shape.layers * shape.width * columns * shape.value_bytes
    latents = 2 * shape.most_tokens * shape.width * 4
    choosing = shape.vocabulary * 4 * 4
    frames = [shape.most_tokens * shape.frames_a_token * row.stretch for row in rows]
    voiced = max(frames) * (len(rows) if shape.together else 1)
    return int(len(rows) * (keys_and_values + latents + choosing) + voiced * VOCODER_BYTES_A_FRAME)


class Memory:
    """An account of a budget of bytes. Its methods may be called from any thread."""

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self.factor = 1.0
        self.halved = 0
        self.refused = 0
        self._allocated = self._predicted = self._most = 0
        self._lock = threading.Lock()

    @property
    def allocated_bytes(self) -> int:
        """What is taken now."""
        return self._allocated

    @property
    def free_bytes(self) -> int:
        """What is left of the budget."""
        return max(0, self.budget_bytes - self._allocated)

    def allocate(self, size: int) -> None:
        """Take that many bytes until they are released. Raises NoMemoryError, taking none."""
        with self._lock:
            if size > self.budget_bytes - self._allocated:
                raise NoMemoryError(f"{size} bytes are needed, {self.free_bytes} of {self.budget_bytes} are free")
            self._take(size)

    def release(self, size: int) -> None:
        """Give back what was taken."""
        with self._lock:
            self._allocated -= min(size, self._allocated)

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Have it in the account while something runs, though it be more than is free: a single row is always tried."""
        with self._lock:
            self._take(size)
        try:
            yield
        finally:
            self.release(size)

    def predict(self, shape: ModelShape, rows: Sequence[RowSize]) -> int:
        """Bytes that a batch takes, by what batches before it took."""
        self._predicted = int(batch_bytes(shape, rows) * self.factor)
        return self._predicted

    def most_rows(self, shape: ModelShape, rows: Sequence[RowSize], limit: int) -> int:
        """How many rows, from the first on, fit into what is free together; at least 1, at most ``limit``."""
        count = 1
        while count < min(limit, len(rows)) and self.predict(shape, rows[: count + 1]) <= self.free_bytes:
            count += 1
        return count

    def learn(self, predicted: int, measured: int) -> None:
        """Correct what is predicted from now on by what a batch took, both in bytes, the first as ``predict`` said."""
        if predicted <= 0 or measured <= 0:
            return
        seen = min(_MOST_FACTOR, max(_LEAST_FACTOR, self.factor * measured / predicted))
        self.factor = seen if seen > self.factor else self.factor + _FORGETTING * (seen - self.factor)

    def in_halves(
        self, items: Sequence[Item], make: Callable[[Sequence[Item]], list[Made]]
    ) -> list[Made | NoMemoryError]:
        """Make all together; where memory runs out, one half after the other; NoMemoryError where one alone fails."""
        try:
            return list(make(items))
        except (MemoryError, RuntimeError) as exc:
            if not is_out_of_memory(exc):
                raise
        # Outside of the except clause: an exception keeps all that its frames hold, which is the memory that is needed.
        if len(items) == 1:
            self.refused += 1
            return [NoMemoryError("there is not enough memory for this text alone")]
        self.halved += 1
        middle = len(items) // 2
        return [*self.in_halves(items[:middle], make), *self.in_halves(items[middle:], make)]

    def figures(self) -> dict[str, float]:
        """What metrics show."""
        return {
            "memory_budget_bytes": self.budget_bytes,
            "memory_allocated_bytes": self._allocated,
            "memory_most_bytes": self._most,
            "memory_predicted_bytes": self._predicted,
            "memory_factor": self.factor,
            "batches_halved": self.halved,
            "rows_without_memory": self.refused,
        }

    def _take(self, size: int) -> None:
        self._allocated += size
        self._most = max(self._most, self._allocated)


def is_out_of_memory(exc: BaseException) -> bool:
    """Whether this says that memory ran out.

    On a GPU torch has a class for it; on a CPU it raises a RuntimeError that only its text tells from others.
    """
    names = {cls.__name__ for cls in type(exc).__mro__}
    if isinstance(exc, MemoryError) or "OutOfMemoryError" in names:
        return True
    return isinstance(exc, RuntimeError) and ("can't allocate memory" in str(exc) or "DefaultCPUAllocator" in str(exc))


def free_host_bytes(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory of this machine that is free, or of the container, if that has less."""
    free = 1 << 32  # where nobody says (no Linux): 4 GB
    for line in _lines(meminfo):
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    limit, used = (_lines(cgroup / name) for name in ("memory.max", "memory.current"))
    if limit and used and limit[0].isdigit():
        free = min(free, max(0, int(limit[0]) - int(used[0])))
    return free


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().split("\n")
    except OSError:
        return []
