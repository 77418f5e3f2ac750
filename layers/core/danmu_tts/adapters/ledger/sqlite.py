"""The ledger of one machine: an SQLite file that survives restarts and that several processes may share."""

import asyncio
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.domain.spend import Cap, Entry, Total

_BUSY_S = 2.0
_TABLE = """CREATE TABLE IF NOT EXISTS spend (
    month TEXT NOT NULL, subject TEXT NOT NULL,
    characters INTEGER NOT NULL, paid_characters INTEGER NOT NULL, nano_usd INTEGER NOT NULL,
    PRIMARY KEY (month, subject)) WITHOUT ROWID"""
_ADD = """INSERT INTO spend VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
    characters = characters + ?3, paid_characters = paid_characters + ?4, nano_usd = nano_usd + ?5"""
_TOTAL = "SELECT characters, paid_characters, nano_usd FROM spend WHERE month = ? AND subject = ?"
_MONTH = "SELECT subject, characters, paid_characters, nano_usd FROM spend WHERE month = ?"


class SqliteLedger:
    """See ``ports.Ledger``. The file is made on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._is_made = False

    async def enter(self, entry: Entry, caps: Sequence[Cap]) -> bool:
        """Add an entry if it leaves every cap kept. Raises StoreAwayError."""
        return await asyncio.to_thread(self._add, entry, caps, 1)

    async def cancel(self, entry: Entry) -> None:
        """Take an entry back. Raises StoreAwayError."""
        await asyncio.to_thread(self._add, entry, (), -1)

    async def report(self, month: str) -> Mapping[str, Total]:
        """What each subject has used up. Raises StoreAwayError."""
        return await asyncio.to_thread(self._report, month)

    def _add(self, entry: Entry, caps: Sequence[Cap], sign: int) -> bool:
        cost = entry.cost
        figures = (sign * cost.characters, sign * entry.paid_characters, sign * cost.nano_usd)
        try:
            with self._lock, closing(self._open()) as database, database:
                database.execute("BEGIN IMMEDIATE")
                for cap in caps if cost.nano_usd else ():
                    found = database.execute(_TOTAL, (entry.month, cap.subject)).fetchone()
                    if not cap.allows(Total(*(found or ())).plus(entry)):
                        return False
                database.executemany(_ADD, [(entry.month, subject, *figures) for subject in entry.subjects])
        except (sqlite3.Error, OSError) as error:
            raise StoreAwayError(f"What was spent cannot be written to {self._path}: {error}.") from error
        return True

    def _report(self, month: str) -> dict[str, Total]:
        try:
            with self._lock, closing(self._open()) as database:
                return {subject: Total(*figures) for subject, *figures in database.execute(_MONTH, (month,))}
        except (sqlite3.Error, OSError) as error:
            raise StoreAwayError(f"What was spent cannot be read from {self._path}: {error}.") from error

    def _open(self) -> sqlite3.Connection:
        if not self._is_made:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
        database.execute("PRAGMA synchronous = NORMAL")
        if not self._is_made:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(_TABLE)
            self._is_made = True
        return database
