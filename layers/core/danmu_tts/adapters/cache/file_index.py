"""What lies in the file tier and how large it is, so that the least recently used can go when it is full."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# Younger files without a description may be half of an entry that is being written.
_ORPHAN_AGE_S = 600


class FileIndex:
    """Learns the folder by one scan on first use and keeps count from then on.

    Other processes may write into the same folder; their entries are counted from the next start on. The order of use
    outlives a restart in the descriptions' modification times.
    """

    def __init__(
        self, directory: Path, max_bytes: int, remove: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        """``remove`` deletes an entry's files; ``clock`` gives Unix seconds."""
        self._directory = directory
        self._max_bytes = max_bytes
        self._remove = remove
        self._clock = clock
        self._sizes: OrderedDict[str, int] | None = None
        self._total = 0
        self._lock = threading.RLock()

    def add(self, key: str, size_bytes: int) -> None:
        """Count a new entry and make room for it."""
        with self._lock:
            sizes = self._scanned()
            self._total += size_bytes - sizes.pop(key, 0)
            sizes[key] = size_bytes
            while self._total > self._max_bytes and len(sizes) > 1:
                self._remove(next(iter(sizes)))

    def touch(self, key: str, description: Path) -> None:
        """Remember that it was used just now."""
        with self._lock:
            if self._sizes and key in self._sizes:
                self._sizes.move_to_end(key)
        with suppress(OSError):  # a read-only or vanished file merely keeps its place in the order
            os.utime(description)

    def forget(self, key: str) -> None:
        """Stop counting an entry that was deleted."""
        with self._lock:
            if self._sizes is not None:
                self._total -= self._sizes.pop(key, 0)

    def totals(self) -> tuple[int, int]:
        """Entries and bytes."""
        with self._lock:
            return len(self._scanned()), self._total

    def _scanned(self) -> OrderedDict[str, int]:
        if self._sizes is None:
            audio = {path.stem: path for path in (self._directory / "audio").glob("*/*/*.*")}
            used = sorted((_modified(path), path.stem) for path in (self._directory / "metadata").glob("*/*.json"))
            known = [key for _, key in used if key in audio]
            self._sizes = OrderedDict((key, _size(audio.pop(key))) for key in known)
            self._total = sum(self._sizes.values())
            self._sweep([*audio.values(), *(self._directory / "temp").glob("*.part")])
        return self._sizes

    def _sweep(self, orphans: list[Path]) -> None:
        """Delete what a process that died while writing has left."""
        for path in orphans:
            if self._clock() - _modified(path) > _ORPHAN_AGE_S:
                with suppress(OSError):
                    path.unlink()


def _modified(path: Path) -> float:
    """Unix seconds; never for a file that has just vanished."""
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
