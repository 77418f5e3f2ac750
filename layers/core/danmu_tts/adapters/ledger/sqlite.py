"""The ledger of one machine: an SQLite file that survives restarts and that several processes may share."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.domain.spend import Cap, Entry, Total

T = TypeVar("T")

# Longest wait for another process that writes, and how long a file that cannot be used is then left alone.
_BUSY_S = 1.0
_LEFT_ALONE_S = 5.0
_TABLE = """CREATE TABLE IF NOT EXISTS spend (
    month TEXT NOT NULL, subject TEXT NOT NULL,
    characters INTEGER NOT NULL, paid_characters INTEGER NOT NULL, nano_usd INTEGER NOT NULL,
    PRIMARY KEY (month, subject)) WITHOUT ROWID"""
_ADD = """INSERT INTO spend VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
    characters = characters + ?3, paid_characters = paid_characters + ?4, nano_usd = nano_usd + ?5"""
_TOTAL = "SELECT characters, paid_characters, nano_usd FROM spend WHERE month = ? AND subject = ?"
_MONTH = "SELECT subject, characters, paid_characters, nano_usd FROM spend WHERE month = ?"


class SqliteLedger:
    """See ``ports.Ledger``. The file is made on first use; a thread of its own reads and writes it."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` counts seconds from any start."""
        self._path = path
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._is_made = False
        self._left_alone_until_s = float("-inf")

    async def enter(self, entry: Entry, caps: Sequence[Cap]) -> bool:
        """Add an entry if it leaves every cap kept. Raises StoreAwayError."""
        return await self._use(lambda database: _add(database, entry, caps, 1))

    async def cancel(self, entry: Entry) -> None:
        """Take an entry back. Raises StoreAwayError."""
        await self._use(lambda database: _add(database, entry, (), -1))

    async def total(self, month: str, subject: str) -> Total:
        """What one subject has used up. Raises StoreAwayError."""
        return await self._use(lambda database: _total(database, month, subject))

    async def report(self, month: str) -> Mapping[str, Total]:
        """What each subject has used up. Raises StoreAwayError."""
        return await self._use(
            lambda database: {subject: Total(*figures) for subject, *figures in database.execute(_MONTH, (month,))}
        )

    async def close(self) -> None:
        """Finish what is being written."""
        await asyncio.to_thread(self._thread.shutdown)

    async def _use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._use_now, work)

    def _use_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Whoever waits behind somebody who has waited in vain does not wait as long again."""
        if self._clock() < self._left_alone_until_s:
            raise StoreAwayError(f"{self._path} could not be used a moment ago.")
        try:
            with closing(self._open()) as database, database:
                return work(database)
        except (sqlite3.Error, OSError) as error:
            self._left_alone_until_s = self._clock() + _LEFT_ALONE_S
            raise StoreAwayError(f"What was spent cannot be kept in {self._path}: {error}.") from error

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


def _add(database: sqlite3.Connection, entry: Entry, caps: Sequence[Cap], sign: int) -> bool:
    cost = entry.cost
    figures = (sign * cost.characters, sign * entry.paid_characters, sign * cost.nano_usd)
    database.execute("BEGIN IMMEDIATE")
    for cap in caps if cost.nano_usd else ():
        if not cap.allows(_total(database, entry.month, cap.subject).plus(entry)):
            return False
    database.executemany(_ADD, [(entry.month, subject, *figures) for subject in entry.subjects])
    return True


def _total(database: sqlite3.Connection, month: str, subject: str) -> Total:
    return Total(*(database.execute(_TOTAL, (month, subject)).fetchone() or ()))
