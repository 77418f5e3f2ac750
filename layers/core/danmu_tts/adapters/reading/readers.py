"""Readers by the settings and the operator's file, which is looked at again when it changes."""

import codecs
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cachetools import LRUCache
from pydantic import ValidationError

from danmu_tts.observability import get_logger
from danmu_tts.settings_reading import ReadingChoices, ReadingFile, ReadingSettings

if TYPE_CHECKING:
    from danmu_tts.text.reading import Reader

logger = get_logger("app")

_LOOK_EVERY_S = 2.0
# Rooms and keys with choices of their own whose readers are kept; each takes a few milliseconds to make.
_MOST_READERS = 256
_Stamp = tuple[int, int] | None
_NEVER_SEEN = (0, -1)


class FileReaders:
    """See ``ports.Readers``. A file that cannot be read leaves everything as it was."""

    def __init__(self, settings: ReadingSettings, default_language: str, clock: Callable[[], float]) -> None:
        """``clock`` counts seconds from any start. Reads nothing yet."""
        self._settings = settings
        self._path = settings.file.expanduser() if settings.file else None
        self._default_language = default_language
        self._clock = clock
        self._file = ReadingFile()
        self._stamp: _Stamp = _NEVER_SEEN
        self._problem: str | None = None
        self._looked_s = float("-inf")
        self._readers: LRUCache[tuple[str | None, str | None], Reader] = LRUCache(_MOST_READERS)

    @property
    def problem(self) -> str | None:
        """See ``ports.Readers``."""
        self._look()
        return self._problem

    def reader(self, room: str | None, key_id: str | None) -> "Reader":
        """See ``ports.Readers``."""
        self._look()
        who = (room if room in self._file.rooms else None, key_id if key_id in self._file.keys else None)
        reader = self._readers.get(who)
        if reader is None:
            reader = self._readers[who] = self._make(*who)
        return reader

    def _look(self) -> None:
        path, now_s = self._path, self._clock()
        if path is None or now_s - self._looked_s < _LOOK_EVERY_S:
            return
        self._looked_s = now_s
        stamp = _stamp(path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            if not path.is_file():  # whoever opens a pipe may wait for ever
                raise FileNotFoundError(errno.ENOENT, "is no file" if path.exists() else os.strerror(errno.ENOENT))
            self._file = ReadingFile.model_validate_json(path.read_bytes().removeprefix(codecs.BOM_UTF8))
            self._problem = None
            self._readers.clear()
        except OSError as error:
            self._problem = f"{path}: {error.strerror}"
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            self._problem = f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}".replace(": : ", ": ")
        if self._problem:
            logger.error("reading rules left as they were", extra={"reason": self._problem})

    def _make(self, room: str | None, key_id: str | None) -> "Reader":
        from danmu_tts.adapters.reading.making import make_reader  # the first line waits for it, no handler's import

        layers: list[ReadingChoices] = [self._settings, self._file.default]
        layers += [self._file.keys[key_id]] if key_id else []
        layers += [self._file.rooms[room]] if room else []
        return make_reader(layers, self._default_language)


def _stamp(path: Path) -> _Stamp:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
