"""A key store in memory that can be away, or hang."""

import asyncio
from collections.abc import Sequence

from danmu_tts.domain.access import KeyRecord
from danmu_tts.domain.errors import StoreAwayError


class FakeKeyStore:
    """Keeps records in a dictionary and remembers what was asked of it. While ``answers`` is clear, a lookup hangs."""

    def __init__(self, *records: KeyRecord) -> None:
        self.records = {record.id: record for record in records}
        self.asked: list[str] = []
        self.away = False
        self.answers = asyncio.Event()
        self.answers.set()

    async def get(self, key_id: str) -> KeyRecord | None:
        self.asked.append(key_id)
        read = self.records.get(key_id)
        await self.answers.wait()
        self._be_there()
        return read

    async def put(self, record: KeyRecord) -> None:
        self._be_there()
        self.records[record.id] = record

    async def list(self) -> Sequence[KeyRecord]:
        self._be_there()
        return [self.records[key_id] for key_id in sorted(self.records)]

    def _be_there(self) -> None:
        if self.away:
            raise StoreAwayError("The API keys cannot be read now.")
