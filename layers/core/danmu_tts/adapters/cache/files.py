"""The file tier: survives restarts and kill -9, bounded by bytes and age.

An entry is one audio file and one JSON file that describes it. Both are written under ``temp`` and moved into place,
the description last, so that what can be found is whole; what is damaged all the same is removed when it is met.
On AWS the same layout lives in S3::

    audio/piper/3f/3f9a….mp3        metadata/3f/3f9a….json        temp/
"""

import asyncio
import hashlib
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from danmu_tts.adapters.cache.description import Description, backend_folder
from danmu_tts.adapters.cache.file_index import FileIndex
from danmu_tts.domain.audio import AudioFormat, EncodedSpeech
from danmu_tts.domain.cache_key import is_cache_key
from danmu_tts.observability import get_logger
from danmu_tts.ports import CacheHit

logger = get_logger("cache")


class FileCache:
    """Keeps audio in a folder that several processes may share. See ``ports.SpeechCache``."""

    name = "file"

    def __init__(self, directory: Path, max_bytes: int, ttl_s: float, clock: Callable[[], float] = time.time) -> None:
        """Touches nothing yet. ``clock`` gives Unix seconds, as file times are."""
        self._directory = directory
        self._max_bytes = max_bytes
        self._ttl_s = ttl_s
        self._clock = clock
        self._index = FileIndex(directory, max_bytes, self._remove, clock)

    async def get(self, key: str) -> CacheHit | None:
        """Find what was stored under a key, is whole and has not expired."""
        speech = await asyncio.to_thread(self._read, key)
        return CacheHit(speech, self.name) if speech else None

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store; False for what is larger than the whole tier, for what is no key, or where the disk refuses."""
        if len(speech.audio) > self._max_bytes or not is_cache_key(key):
            return False
        return await asyncio.to_thread(self._write, key, speech)

    async def delete(self, key: str) -> None:
        """Delete an entry's files."""
        if is_cache_key(key):
            await asyncio.to_thread(self._remove, key)

    async def stats(self) -> dict[str, dict[str, int]]:
        """How full it is."""
        entries, used = await asyncio.to_thread(self._index.totals)
        return {self.name: {"entries": entries, "bytes": used, "max_bytes": self._max_bytes}}

    def locate(self, key: str) -> tuple[Path, AudioFormat]:
        """Where the audio of a key lies. Raises FileNotFoundError."""
        about = self._describe(key)
        path = self._audio_path(key, about.voice, about.format) if about else None
        if about is None or path is None or not path.is_file():
            raise FileNotFoundError(key)
        return path, about.format

    def _read(self, key: str) -> EncodedSpeech | None:
        about = self._describe(key)
        if about is None:
            return None
        try:
            audio = self._audio_path(key, about.voice, about.format).read_bytes()
        except OSError:
            audio = b""
        if hashlib.sha256(audio).hexdigest() != about.sha256:
            logger.warning("removed a damaged cache entry", extra={"key": key})
            self._remove(key)
            return None
        self._index.touch(key, self._metadata_path(key))
        return about.with_audio(audio)

    def _describe(self, key: str) -> Description | None:
        """The description of an entry that is there, sound and fresh."""
        if not is_cache_key(key):
            return None
        try:
            about = Description.model_validate_json(self._metadata_path(key).read_bytes())
        except OSError:
            return None
        except ValueError:  # pydantic's ValidationError is one
            self._remove(key)
            return None
        if self._clock() - about.stored_at > self._ttl_s:
            self._remove(key)
            return None
        return about

    def _write(self, key: str, speech: EncodedSpeech) -> bool:
        about = Description.of(speech, stored_at=self._clock())
        try:
            self._place(self._audio_path(key, speech.voice, speech.format), speech.audio)
            self._place(self._metadata_path(key), about.model_dump_json().encode())
            self._index.add(key, len(speech.audio))
        except OSError as error:
            logger.warning("could not keep audio", extra={"key": key, "reason": str(error)})
            return False
        return True

    def _place(self, target: Path, data: bytes) -> None:
        """Write a file so that it is either whole or absent, whenever the process dies."""
        temporary = self._directory / "temp" / f"{uuid.uuid4().hex}.part"
        temporary.parent.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _remove(self, key: str) -> None:
        """Delete an entry, description first. What the disk will not delete now is met and tried again."""
        try:
            self._metadata_path(key).unlink(missing_ok=True)
            for path in (self._directory / "audio").glob(f"*/{key[:2]}/{key}.*"):
                path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("could not delete a cache entry", extra={"key": key, "reason": str(error)})
        self._index.forget(key)

    def _audio_path(self, key: str, voice: str, audio_format: AudioFormat) -> Path:
        return self._directory / "audio" / backend_folder(voice) / key[:2] / f"{key}.{audio_format.value}"

    def _metadata_path(self, key: str) -> Path:
        return self._directory / "metadata" / key[:2] / f"{key}.json"
