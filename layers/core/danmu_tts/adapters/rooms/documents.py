"""Rooms' settings in a folder, or in S3 where many machines share them."""

import asyncio
from functools import partial
from pathlib import Path

from danmu_tts.adapters.atomic_files import write_private
from danmu_tts.adapters.aws.s3_errors import NotThereError, S3Error
from danmu_tts.adapters.aws.s3_objects import S3Objects
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import get_logger

logger = get_logger("rooms")

_MOST_BYTES = 512 * 1024


class RoomFiles:
    """``{directory}/{room}.json``. See ``ports.RoomDocuments``."""

    def __init__(self, directory: Path) -> None:
        """Touches nothing yet."""
        self._directory = directory

    async def get(self, room: str) -> bytes | None:
        """See ``ports.RoomDocuments.get``."""
        return await asyncio.to_thread(self._read, room)

    async def put(self, room: str, document: bytes) -> None:
        """See ``ports.RoomDocuments.put``."""
        try:
            await asyncio.to_thread(write_private, self._path(room), document)
        except OSError as error:
            raise _away(error.strerror or type(error).__name__, str(error)) from error

    def _read(self, room: str) -> bytes | None:
        try:
            with self._path(room).open("rb") as file:
                return file.read(_MOST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _away(error.strerror or type(error).__name__, str(error)) from error

    def _path(self, room: str) -> Path:
        return self._directory / f"{room}.json"


class RoomObjects:
    """``{prefix}rooms/{room}.json`` in a bucket. See ``ports.RoomDocuments``."""

    def __init__(self, objects: S3Objects, prefix: str, sse: str) -> None:
        """``sse``: how S3 encrypts them, in its own words."""
        self._objects = objects
        self._folder = f"{prefix}rooms/"
        self._sse = sse

    async def get(self, room: str) -> bytes | None:
        """See ``ports.RoomDocuments.get``."""
        try:
            return await asyncio.to_thread(self._objects.get, self._name(room), _MOST_BYTES)
        except NotThereError:
            return None
        except S3Error as error:
            raise _away(error.said, str(error)) from error

    async def put(self, room: str, document: bytes) -> None:
        """See ``ports.RoomDocuments.put``."""
        write = partial(
            self._objects.put,
            self._name(room),
            document,
            ContentType="application/json",
            ServerSideEncryption=self._sse,
        )
        try:
            await asyncio.to_thread(write)
        except S3Error as error:
            raise _away(error.said, str(error)) from error

    def _name(self, room: str) -> str:
        return f"{self._folder}{room}.json"


def _away(said: str, reason: str) -> StoreAwayError:
    """Where they are, is the operator's business and not the caller's."""
    logger.warning("the rooms' settings are away", extra={"reason": reason})
    return StoreAwayError(f"The room's settings cannot be reached now: {said}.")
