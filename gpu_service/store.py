"""The bucket: finished audio, and recordings to clone."""

import threading
from typing import Any

from gpu_service.aws import AWAY_ERRORS, AwayError
from gpu_service.backoff import Backoff

MOST_REFERENCE_BYTES = 32 * 2**20
"""Three minutes of 48 kHz stereo; nobody clones from more."""

_TRIES = 5
_MISSING = {"NoSuchKey", "404", "NotFound"}


class MissingError(Exception):
    """There is no such object."""


class Store:
    """A bucket by its name. Thread-safe."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._never = threading.Event()  # a few seconds, which the end of the process need not interrupt

    def put_wav(self, key: str, wav: bytes) -> None:
        """Store a file, at the fifth try at last. Raises AwayError."""
        self._tried(
            lambda: self._s3.put_object(Bucket=self._bucket, Key=key, Body=wav, ContentType="audio/wav"), f"put {key}"
        )

    def get(self, key: str) -> bytes:
        """An object. Raises MissingError, AwayError, and ValueError where it is larger than MOST_REFERENCE_BYTES."""
        return bytes(self._tried(lambda: self._get(key), f"get {key}"))

    def _get(self, key: str) -> bytes:
        answer = self._s3.get_object(Bucket=self._bucket, Key=key)
        with answer["Body"] as body:
            if answer["ContentLength"] > MOST_REFERENCE_BYTES:
                raise ValueError(f"{key} has {answer['ContentLength']} bytes, more than {MOST_REFERENCE_BYTES}")
            return bytes(body.read(MOST_REFERENCE_BYTES))

    def _tried(self, call: Any, what: str) -> Any:
        backoff = Backoff(most_s=2)
        for last in [*[False] * (_TRIES - 1), True]:
            try:
                return call()
            except AWAY_ERRORS as error:
                if getattr(error, "response", {}).get("Error", {}).get("Code") in _MISSING:
                    raise MissingError(f"{what}: there is none") from error
                if last:
                    raise AwayError(f"{what}: {error}") from error
                backoff.wait(self._never)
        raise AssertionError("the last try returns or raises")
