"""Where reference voices are kept, in memory: what a bucket does, and as slowly as a test wants it."""

import asyncio
from collections.abc import Sequence

from danmu_tts.domain.reference_voices import ReferenceRecord
from danmu_tts.ports.reference_voices import KeptReference, UploadForm


class FakeReferenceRecords:
    """See ``ports.reference_voices.ReferenceRecords``."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], KeptReference] = {}
        self.reads = 0
        self._versions = 0

    async def get(self, owner: str, reference_id: str) -> KeptReference | None:
        self.reads += 1
        await asyncio.sleep(0)
        return self.kept.get((owner, reference_id))

    async def list(self, owner: str) -> Sequence[ReferenceRecord]:
        found = [each.record for (whose, _), each in self.kept.items() if whose == owner]
        return sorted(found, key=lambda record: (record.created_at, record.id))

    async def count(self, owner: str) -> int:
        await asyncio.sleep(0)
        return len(await self.list(owner))

    async def add(self, record: ReferenceRecord) -> None:
        await asyncio.sleep(0)
        self._put(record)

    async def replace(self, record: ReferenceRecord, version: str) -> bool:
        await asyncio.sleep(0)
        kept = self.kept.get((record.owner, record.id))
        if kept is None or kept.version != version:
            return False
        self._put(record)
        return True

    async def remove(self, owner: str, reference_id: str) -> None:
        self.kept.pop((owner, reference_id), None)

    def _put(self, record: ReferenceRecord) -> None:
        self._versions += 1
        self.kept[record.owner, record.id] = KeptReference(record, str(self._versions))


class FakeReferenceRecordings:
    """See ``ports.reference_voices.ReferenceRecordings``."""

    def __init__(self) -> None:
        self.uploads: dict[str, bytes] = {}
        self.audio: dict[str, bytes] = {}
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.reading = asyncio.Event()

    async def form(self, record: ReferenceRecord) -> UploadForm:
        return UploadForm(
            "https://bucket.example.com", {"key": record.id}, record.created_at + 600, record.upload_bytes
        )

    async def upload_bytes(self, record: ReferenceRecord) -> int | None:
        found = self.uploads.get(record.id)
        return None if found is None else len(found)

    async def read_upload(self, record: ReferenceRecord, most_bytes: int) -> bytes:
        found = self.uploads.get(record.id, b"")[:most_bytes]
        self.reading.set()
        await self.may_read.wait()
        return found

    async def drop_upload(self, record: ReferenceRecord) -> None:
        self.uploads.pop(record.id, None)

    async def keep(self, record: ReferenceRecord, wav: bytes) -> bytes:
        await asyncio.sleep(0)
        return self.audio.setdefault(record.id, wav)

    async def drop(self, record: ReferenceRecord) -> None:
        self.audio.pop(record.id, None)
        self.uploads.pop(record.id, None)
