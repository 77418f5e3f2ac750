"""Short-lived URLs of the file tier: on one machine what S3's presigned URLs are on AWS."""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from danmu_tts.adapters.cache.files import FileCache
from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.observability import get_logger
from danmu_tts.ports import AudioLink

_KEY_BYTES = 32

logger = get_logger("cache")


@dataclass(frozen=True, slots=True)
class StoredAudioFile:
    """A file that a valid signature opened."""

    path: Path
    content_type: str
    etag: str


class SignedFiles:
    """Signs and opens URLs of the form ``/audio/{key}?expires=…&signature=…``. See ``ports.AudioLinks``."""

    def __init__(
        self,
        files: FileCache,
        key_file: Path,
        ttl_s: int,
        signing_key: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Without a ``signing_key`` one is made on first use and kept in ``key_file``: URLs survive a restart."""
        self._files = files
        self._key_file = key_file
        self._ttl_s = ttl_s
        self._given_key = signing_key
        self._clock = clock

    async def link(self, key: str, speech: EncodedSpeech) -> AudioLink | None:
        """Make sure the audio is there, and sign its URL."""
        try:
            self._files.locate(key)
        except FileNotFoundError:
            if not await self._files.set(key, speech):
                return None
        expires_at = int(self._clock()) + self._ttl_s
        try:
            signature = self._sign(key, expires_at)
        except OSError as error:
            logger.warning("no key to sign audio URLs with", extra={"reason": str(error)})
            return None
        return AudioLink(f"/audio/{key}?expires={expires_at}&signature={signature}", expires_at)

    def open_signed(self, key: str, *, expires: str, signature: str) -> StoredAudioFile | None:
        """The file of a valid URL, None for a wrong or expired one. Raises FileNotFoundError when it is gone."""
        readable = expires.isascii() and expires.isdecimal() and len(expires) <= 12
        if not (readable and signature.isascii() and key.isascii()):
            return None
        expires_at = int(expires)
        try:
            genuine = hmac.compare_digest(self._sign(key, expires_at), signature)
        except OSError:  # without a key nothing was ever signed
            return None
        if not genuine or expires_at < self._clock():
            return None
        path, audio_format = self._files.locate(key)
        return StoredAudioFile(path, audio_format.content_type, f'"{key}"')

    def _sign(self, key: str, expires_at: int) -> str:
        return hmac.new(self._signing_key, f"{key}\n{expires_at}".encode(), hashlib.sha256).hexdigest()

    @cached_property
    def _signing_key(self) -> bytes:
        return self._given_key.encode() if self._given_key else _kept_key(self._key_file)


def _kept_key(path: Path) -> bytes:
    """The key in a file, made where there is none. Processes that start together end up with the same one."""
    key = _read_key(path)
    if key:
        return key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # too short to be ours: a crash, or somebody's mistake
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_hex(_KEY_BYTES).encode())
        _put_in_place(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    return path.read_bytes()


def _put_in_place(fresh: Path, path: Path) -> None:
    try:
        path.hardlink_to(fresh)  # unlike a rename, it fails where another process was faster
    except FileExistsError:
        return
    except OSError:  # a file system without links
        fresh.replace(path)


def _read_key(path: Path) -> bytes | None:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    return key if len(key) >= _KEY_BYTES else None
