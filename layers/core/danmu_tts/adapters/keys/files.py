"""API keys in a folder: one JSON file each, for its owner's eyes only."""

from collections.abc import Sequence
from pathlib import Path

from danmu_tts.adapters.atomic_files import write_private
from danmu_tts.adapters.keys.document import MAX_BYTES, decode, encode
from danmu_tts.adapters.keys.threads import KeyThreads
from danmu_tts.domain.access import KeyRecord, is_key_id
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import get_logger

logger = get_logger("keys")


class KeyFiles:
    """Keeps keys in a folder that several processes may share. See ``ports.KeyStore``."""

    def __init__(self, directory: Path) -> None:
        """Touches nothing yet."""
        self._directory = directory
        self._threads = KeyThreads()

    async def get(self, key_id: str) -> KeyRecord | None:
        """Read one key's file."""
        return await self._threads.run(lambda: self._read(key_id))

    async def put(self, record: KeyRecord) -> None:
        """Write it beside its place and move it there, so that it is never half there."""
        await self._threads.run(lambda: self._write(record))

    async def list(self) -> Sequence[KeyRecord]:
        """Read all files that are named as a key's are."""
        return await self._threads.run(self._read_all)

    def _read(self, key_id: str) -> KeyRecord | None:
        if not is_key_id(key_id):
            return None
        try:
            with self._path(key_id).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except IsADirectoryError:
            data = b""
        except OSError as error:
            raise self._away("read", error) from error
        return decode(data, key_id)

    def _read_all(self) -> Sequence[KeyRecord]:
        try:
            names = [path.stem for path in self._directory.iterdir() if path.suffix == ".json"]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._away("read", error) from error
        return [record for name in sorted(names) if (record := self._read(name))]

    def _write(self, record: KeyRecord) -> None:
        try:
            write_private(self._path(record.id), encode(record))
        except OSError as error:
            raise self._away("written", error) from error

    def _path(self, key_id: str) -> Path:
        return self._directory / f"{key_id}.json"

    def _away(self, done: str, error: OSError) -> StoreAwayError:
        """Where the folder is, is the operator's business and not the caller's."""
        logger.warning("the keys' folder is away", extra={"directory": str(self._directory), "reason": str(error)})
        return StoreAwayError(f"The API keys cannot be {done} now: {error.strerror or type(error).__name__}.")
