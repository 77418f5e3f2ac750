"""Publishers' digests, written `algorithm:hexadecimal`."""

import hashlib
from io import BufferedIOBase
from pathlib import Path


def start_hash(digest: str, content: BufferedIOBase) -> "hashlib._Hash":
    """Return a running hash of `digest`'s algorithm, fed with all that is left to read in `content`."""
    algorithm = digest.partition(":")[0]
    # Says that md5 guards against damage here, not against an attacker, so that FIPS builds of Python allow it.
    return hashlib.file_digest(content, lambda: hashlib.new(algorithm, usedforsecurity=False))


def is_hash(running: "hashlib._Hash", digest: str) -> bool:
    """Tell whether what `running` was fed with has this digest."""
    return running.hexdigest() == digest.partition(":")[2]


def file_has_digest(path: Path, digest: str) -> bool:
    """Read the whole file and tell whether it has this digest."""
    with path.open("rb") as content:
        return is_hash(start_hash(digest, content), digest)
