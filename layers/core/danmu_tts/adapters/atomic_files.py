"""Small files that are never half there."""

import os
import secrets
from pathlib import Path


def write_private(target: Path, data: bytes) -> None:
    """Write a file for its owner's eyes only, beside its place, and move it there. Raises OSError."""
    temporary = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.part")
    target.parent.parent.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # what was told to be done must outlive a power cut
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
