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
from danmu_tts.ports import AudioLink

_KEY_BYTES = 32


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
        return AudioLink(f"/audio/{key}?expires={expires_at}&signature={self._sign(key, expires_at)}", expires_at)

    def open_signed(self, key: str, *, expires: str, signature: str) -> StoredAudioFile | None:
        """The file of a valid URL, None for a wrong or expired one. Raises FileNotFoundError when it is gone."""
        if not (expires.isascii() and expires.isdecimal() and len(expires) <= 12 and signature.isascii()):
            return None
        expires_at = int(expires)
        genuine = hmac.compare_digest(self._sign(key, expires_at), signature)
        if not genuine or expires_at < self._clock():
            return None
        path, audio_format = self._files.locate(key)
        return StoredAudioFile(path, audio_format.content_type, f'"{key}"')

    def _sign(self, key: str, expires_at: int) -> str:
        return hmac.new(self._signing_key, f"{key}\n{expires_at}".encode(), hashlib.sha256).hexdigest()

    @cached_property
    def _signing_key(self) -> bytes:
        if self._given_key:
            return self._given_key.encode()
        self._key_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return self._key_file.read_bytes()
        with os.fdopen(descriptor, "wb") as file:
            key = secrets.token_hex(_KEY_BYTES).encode()
            file.write(key)
        return key
