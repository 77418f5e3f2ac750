"""Records of reference voices: one JSON object each."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from danmu_tts.adapters.aws.s3_errors import AlreadyThereError, NotThereError
from danmu_tts.adapters.aws.s3_objects import S3Objects
from danmu_tts.adapters.reference_voices.names import RECORD_SUFFIX, folder, logger, record_name, store_errors
from danmu_tts.domain.reference_voices import ReferenceRecord, ReferenceState, is_reference_id
from danmu_tts.ports.reference_voices import KeptReference
from speech_contract.jobs import Sha256

_MOST_BYTES = 16 * 1024

_Time = Annotated[int, Field(ge=0)]


class ReferenceDocument(BaseModel):
    """What is kept of a voice; see ``domain.reference_voices.ReferenceRecord``."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str
    owner: str
    name: str
    content_type: str
    upload_bytes: Annotated[int, Field(ge=1)]
    consent_text: str
    created_at: _Time
    state: ReferenceState
    checked_at: _Time | None
    reason: str | None
    sha256: Sha256 | None
    duration_ms: Annotated[int, Field(ge=1)] | None

    @classmethod
    def of(cls, record: ReferenceRecord) -> Self:
        """The document of a voice."""
        return cls(**{name: getattr(record, name) for name in cls.model_fields})

    @property
    def record(self) -> ReferenceRecord:
        """The voice of a document."""
        return ReferenceRecord(**{name: getattr(self, name) for name in type(self).model_fields})


class ReferenceObjects:
    """See ``ports.reference_voices.ReferenceRecords``."""

    def __init__(self, objects: S3Objects, sse: str) -> None:
        """``sse``: how S3 encrypts them, in its own words."""
        self._objects = objects
        self._sse = sse

    async def get(self, owner: str, reference_id: str) -> KeptReference | None:
        """Read one object."""
        return await asyncio.to_thread(self._read, owner, reference_id) if is_reference_id(reference_id) else None

    async def list(self, owner: str) -> Sequence[ReferenceRecord]:
        """Read all objects in the owner's folder that are named as a record is."""
        return await asyncio.to_thread(self._read_all, owner)

    async def count(self, owner: str) -> int:
        """Look into the owner's folder."""
        return len(await asyncio.to_thread(self._ids, owner))

    async def add(self, record: ReferenceRecord) -> None:
        """Write an object where there is none."""
        await asyncio.to_thread(self._write, record, only_new=True)

    async def replace(self, record: ReferenceRecord, version: str) -> bool:
        """Write an object over one version of it; S3 itself compares."""
        try:
            await asyncio.to_thread(self._write, record, IfMatch=version)
        except (AlreadyThereError, NotThereError):
            return False
        return True

    async def remove(self, owner: str, reference_id: str) -> None:
        """Delete an object."""

        def delete() -> None:
            with store_errors():
                self._objects.delete(record_name(owner, reference_id))

        await asyncio.to_thread(delete)

    def _read(self, owner: str, reference_id: str) -> KeptReference | None:
        try:
            with store_errors():
                data, version = self._objects.get_version(record_name(owner, reference_id), _MOST_BYTES)
        except NotThereError:
            return None
        try:
            document = ReferenceDocument.model_validate_json(data)
        except ValidationError as error:
            logger.error("a reference voice's record is broken", extra={"id": reference_id, "reason": str(error)[:200]})
            return None
        if (document.owner, document.id) != (owner, reference_id):
            logger.error("a reference voice's record is another's", extra={"id": reference_id})
            return None
        return KeptReference(document.record, version)

    def _read_all(self, owner: str) -> Sequence[ReferenceRecord]:
        found = (self._read(owner, reference_id) for reference_id in self._ids(owner))
        return sorted((kept.record for kept in found if kept), key=lambda record: (record.created_at, record.id))

    def _ids(self, owner: str) -> Sequence[str]:
        with store_errors():
            names = [name.removeprefix(folder(owner)) for name in self._objects.names(folder(owner))]
        ids = (name.removesuffix(RECORD_SUFFIX) for name in names if name.endswith(RECORD_SUFFIX))
        return [each for each in ids if is_reference_id(each)]

    def _write(self, record: ReferenceRecord, *, only_new: bool = False, **condition: str) -> None:
        document = ReferenceDocument.of(record).model_dump_json(indent=2).encode()
        with store_errors():
            self._objects.put(
                record_name(record.owner, record.id),
                document,
                only_new=only_new,
                ContentType="application/json",
                ServerSideEncryption=self._sse,
                **condition,
            )
