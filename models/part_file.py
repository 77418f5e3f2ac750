"""The unfinished file beside its target."""

import os
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from models.digest import is_hash, start_hash
from models.errors import VerificationError


def part_path(target: Path) -> Path:
    """Return where the unfinished file of `target` lies."""
    return target.with_name(f"{target.name}.part")


class PartFile:
    """`<target>.part`: keeps what earlier runs left, grows, and becomes the target once its digest is right.

    Use it as a context manager. Leaving it, also by Ctrl-C, closes the file and keeps it for the next run.
    """

    def __init__(self, target: Path, size_bytes: int, digest: str) -> None:
        """`size_bytes` and `digest` are those of the complete file."""
        self._target = target
        self._path = part_path(target)
        self._expected_bytes = size_bytes
        self._digest = digest

    def __enter__(self) -> Self:
        """Open the file and hash what is there; more than the complete file can hold is forgotten."""
        self._path.touch()
        self._file = self._path.open("r+b")
        if self._path.stat().st_size > self._expected_bytes:
            self._file.truncate(0)
        self._hash = start_hash(self._digest, self._file)
        self.size_bytes = self._file.tell()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file and leave it where it is."""
        self._file.close()

    @property
    def is_complete(self) -> bool:
        """True once every byte is there, right or wrong."""
        return self.size_bytes == self._expected_bytes

    def restart(self) -> None:
        """Forget what is there."""
        self._file.seek(0)
        self._file.truncate()
        self._hash = start_hash(self._digest, self._file)
        self.size_bytes = 0

    def append(self, chunk: bytes) -> None:
        """Write the next bytes; raise `VerificationError`, and delete the file, where they are too many."""
        if self.size_bytes + len(chunk) > self._expected_bytes:
            self._reject(f"is larger than the {self._expected_bytes} bytes that the manifest lists")
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)

    def install(self) -> None:
        """Move the complete file onto its target in one step.

        Raises `VerificationError`, and deletes the file, where the digest is wrong.
        """
        if not is_hash(self._hash, self._digest):
            self._reject(f"does not have the digest {self._digest} that the manifest lists")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()  # Windows cannot move an open file
        self._path.replace(self._target)

    def _reject(self, why: str) -> NoReturn:
        self._file.close()
        self._path.unlink()
        raise VerificationError(f"{self._target.name} {why}; it was thrown away, nothing was installed")
