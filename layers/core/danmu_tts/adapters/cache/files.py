"""The file tier: survives restarts and kill -9, bounded by bytes and age.

An entry is one audio file and one JSON file that describes it. Both are written under ``temp`` and moved into place,
the description last, so that what can be found is whole; what is damaged all the same is removed when it is met.
On AWS the same layout lives in S3::

    audio/piper/3f/3f9a….mp3        metadata/3f/3f9a….json        temp/
"""

import asyncio
import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from danmu_tts.adapters.cache.file_index import FileIndex
from danmu_tts.domain.audio import AudioFormat, Caption, EncodedSpeech
from danmu_tts.observability import get_logger
from danmu_tts.ports import CacheHit

logger = get_logger("cache")

_HEX = frozenset("0123456789abcdef")
_KEY_LENGTH = 64


class FileCache:
    """Keeps audio in a folder that several processes may share. See ``ports.SpeechCache``."""

    name = "file"

    def __init__(self, directory: Path, max_bytes: int, ttl_s: float, clock: Callable[[], float] = time.time) -> None:
        """Touches nothing yet. ``clock`` gives Unix seconds, as file times are."""
        self._directory = directory
        self._max_bytes = max_bytes
        self._ttl_s = ttl_s
        self._clock = clock
        self._index = FileIndex(directory, max_bytes, self._remove)

    async def get(self, key: str) -> CacheHit | None:
        """Find what was stored under a key, is whole and has not expired."""
        speech = await asyncio.to_thread(self._read, key)
        return CacheHit(speech, self.name) if speech else None

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store; False for what is larger than the whole tier or where the disk refuses."""
        if len(speech.audio) > self._max_bytes:
            return False
        return await asyncio.to_thread(self._write, key, speech)

    async def stats(self) -> dict[str, dict[str, int]]:
        """How full it is."""
        entries, used = await asyncio.to_thread(self._index.totals)
        return {self.name: {"entries": entries, "bytes": used, "max_bytes": self._max_bytes}}

    def locate(self, key: str) -> tuple[Path, AudioFormat]:
        """Where the audio of a key lies. Raises FileNotFoundError."""
        about = self._describe(key)
        if about is None:
            raise FileNotFoundError(key)
        path = self._audio_path(key, about["voice"], about["format"])
        if not path.is_file():
            raise FileNotFoundError(key)
        return path, AudioFormat(about["format"])

    def _read(self, key: str) -> EncodedSpeech | None:
        about = self._describe(key)
        if about is None:
            return None
        try:
            audio = self._audio_path(key, about["voice"], about["format"]).read_bytes()
            if hashlib.sha256(audio).hexdigest() != about["sha256"]:
                raise ValueError("digest differs")
            captions = tuple(Caption(**caption) for caption in about["captions"])
            speech = EncodedSpeech(
                audio,
                AudioFormat(about["format"]),
                about["sample_rate_hz"],
                about["duration_ms"],
                about["voice"],
                captions,
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning("removed a damaged cache entry", extra={"key": key, "reason": str(error)})
            self._remove(key)
            return None
        self._index.touch(key, self._metadata_path(key))
        return speech

    def _describe(self, key: str) -> dict[str, Any] | None:
        """The description of an entry that is there and fresh."""
        if not _is_key(key):
            return None
        try:
            about: dict[str, Any] = json.loads(self._metadata_path(key).read_bytes())
            AudioFormat(about["format"])
            expired = self._clock() - float(about["stored_at"]) > self._ttl_s
            if not isinstance(about["voice"], str) or expired:
                raise ValueError("expired" if expired else "no voice")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            self._remove(key)
            return None
        return about

    def _write(self, key: str, speech: EncodedSpeech) -> bool:
        about = asdict(speech) | {"sha256": hashlib.sha256(speech.audio).hexdigest(), "stored_at": self._clock()}
        del about["audio"]
        try:
            self._place(self._audio_path(key, speech.voice, speech.format), speech.audio)
            self._place(self._metadata_path(key), json.dumps(about).encode())
        except OSError as error:
            logger.warning("could not keep audio", extra={"key": key, "reason": str(error)})
            return False
        self._index.add(key, len(speech.audio))
        return True

    def _place(self, target: Path, data: bytes) -> None:
        """Write a file so that it is either whole or absent, whenever the process dies."""
        temporary = self._directory / "temp" / f"{uuid.uuid4().hex}.part"
        temporary.parent.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            os.replace(temporary, target)  # noqa: PTH105 - Path.replace is the same call
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _remove(self, key: str) -> None:
        """Delete an entry, description first."""
        self._metadata_path(key).unlink(missing_ok=True)
        for path in (self._directory / "audio").glob(f"*/{key[:2]}/{key}.*"):
            path.unlink(missing_ok=True)
        self._index.forget(key)

    def _audio_path(self, key: str, voice: str, audio_format: str) -> Path:
        backend = "".join(char for char in voice.partition(":")[0] if char.isalnum() or char in "-_")
        return self._directory / "audio" / backend / key[:2] / f"{key}.{AudioFormat(audio_format).value}"

    def _metadata_path(self, key: str) -> Path:
        return self._directory / "metadata" / key[:2] / f"{key}.json"


def _is_key(key: str) -> bool:
    return len(key) == _KEY_LENGTH and _HEX.issuperset(key)
