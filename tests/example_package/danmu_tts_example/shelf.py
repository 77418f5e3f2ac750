"""A cache tier in one SQLite file. It opens the file anew each time, so threads and processes may share it."""

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import astuple
from pathlib import Path
from typing import Any

from danmu_tts.domain.audio import AudioFormat, Caption, EncodedSpeech
from danmu_tts.plugins import CacheContext
from danmu_tts.ports import CacheHit

_TABLE = "CREATE TABLE IF NOT EXISTS speech (key TEXT PRIMARY KEY, audio BLOB, format, rate_hz, ms, voice, captions)"
_FIND = "SELECT audio, format, rate_hz, ms, voice, captions FROM speech WHERE key = ?"
_KEEP = "REPLACE INTO speech VALUES (?, ?, ?, ?, ?, ?, ?)"
_TRIM = "DELETE FROM speech WHERE rowid IN (SELECT rowid FROM speech ORDER BY rowid DESC LIMIT -1 OFFSET ?)"
_TOTAL = "SELECT count(*), coalesce(sum(length(audio)), 0) FROM speech"


class Shelf:
    """Keeps so many entries, the oldest goes first. A file that cannot be used is a miss. See ``ports.SpeechCache``."""

    name = "shelf"

    def __init__(self, path: Path, max_entries: int = 1000, max_audio_bytes: int = 1_000_000) -> None:
        """Touches nothing yet; the folder must exist."""
        self._path, self._max_entries, self._max_audio_bytes = path, max_entries, max_audio_bytes

    async def get(self, key: str) -> CacheHit | None:
        """Find what was stored under a key."""
        for audio, kind, rate_hz, duration_ms, voice, captions in await self._run((_FIND, (key,))) or ():
            said = tuple(Caption(*each) for each in json.loads(captions))
            return CacheHit(EncodedSpeech(audio, AudioFormat(kind), rate_hz, duration_ms, voice, said), self.name)
        return None

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store; False for what is too large, or where the disk refuses."""
        fits = len(speech.audio) <= self._max_audio_bytes
        captions = json.dumps([astuple(each) for each in speech.captions])
        row = (key, speech.audio, speech.format, speech.sample_rate_hz, speech.duration_ms, speech.voice, captions)
        return fits and await self._run((_KEEP, row), (_TRIM, (self._max_entries,))) is not None

    async def stats(self) -> dict[str, dict[str, int]]:
        """How full it is."""
        entries, used_bytes = (await self._run((_TOTAL, ())) or [(0, 0)])[0]
        most_bytes = self._max_entries * self._max_audio_bytes
        return {self.name: {"entries": entries, "bytes": used_bytes, "max_bytes": most_bytes}}

    async def _run(self, *statements: tuple[str, tuple[Any, ...]]) -> list[Any] | None:
        """All of them or none, off the event loop; the last one's rows, or None where the file fails."""

        def run() -> list[Any] | None:
            try:
                with closing(sqlite3.connect(self._path)) as db, db:
                    db.execute(_TABLE)
                    return [db.execute(sql, values).fetchall() for sql, values in statements][-1]
            except sqlite3.Error:
                return None

        return await asyncio.to_thread(run)


def create(context: CacheContext) -> Shelf:
    """Make the cache. Settings of its own it reads itself; what it raises, ``danmu-tts doctor`` shows."""
    if not (path := os.environ.get("EXAMPLE_SHELF_PATH")):
        raise ValueError("EXAMPLE_SHELF_PATH must name the file to keep audio in")
    return Shelf(Path(path))
