"""Recordings of reference voices in a bucket: as they were sent, and as they are cloned from."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from danmu_tts.adapters.aws.s3_errors import AlreadyThereError, NotThereError
from danmu_tts.adapters.aws.s3_objects import S3Objects
from danmu_tts.adapters.reference_voices.names import store_errors, upload_name
from danmu_tts.domain.reference_voices import ReferenceRecord
from danmu_tts.ports.reference_voices import UploadForm, audio_key

T = TypeVar("T")


class RecordingObjects:
    """See ``ports.reference_voices.ReferenceRecordings``.

    Needs ``s3:PutObject`` on ``temp/uploads/*`` too: a form can do no more than whoever signed it.
    """

    def __init__(self, objects: S3Objects, sse: str, upload_ttl_s: int, clock: Callable[[], float] = time.time) -> None:
        """``sse``: how S3 encrypts them, in its own words; ``clock`` gives Unix seconds."""
        self._objects = objects
        self._sse = sse
        self._upload_ttl_s = upload_ttl_s
        self._clock = clock

    async def form(self, record: ReferenceRecord) -> UploadForm:
        """A presigned POST, whose policy S3 itself keeps to."""

        def sign() -> UploadForm:
            expires_at = int(self._clock()) + self._upload_ttl_s
            form = self._objects.sign_post(
                upload_name(record.id),
                most_bytes=record.upload_bytes,
                content_type=record.content_type,
                sse=self._sse,
                ttl_s=self._upload_ttl_s,
            )
            return UploadForm(form.url, form.fields, expires_at, record.upload_bytes)

        return await _in_thread(sign)

    async def upload_bytes(self, record: ReferenceRecord) -> int | None:
        """Ask for the object without reading it."""
        try:
            return (await _in_thread(lambda: self._objects.look(upload_name(record.id)))).size_bytes
        except NotThereError:
            return None

    async def read_upload(self, record: ReferenceRecord, most_bytes: int) -> bytes:
        """Read so much of the object."""
        try:
            return await _in_thread(lambda: self._objects.get(upload_name(record.id), most_bytes))
        except NotThereError:
            return b""

    async def drop_upload(self, record: ReferenceRecord) -> None:
        """Delete the object."""
        await _in_thread(lambda: self._objects.delete(upload_name(record.id)))

    async def keep(self, record: ReferenceRecord, wav: bytes) -> bytes:
        """Write an object where there is none, else read it: whoever was first has judged it too."""

        def write() -> bytes:
            name = audio_key(record.id)
            try:
                self._objects.put(name, wav, only_new=True, ContentType="audio/wav", ServerSideEncryption=self._sse)
            except AlreadyThereError:
                return self._objects.get(name)
            return wav

        return await _in_thread(write)

    async def drop(self, record: ReferenceRecord) -> None:
        """Delete both objects."""

        def delete() -> None:
            self._objects.delete(audio_key(record.id))
            self._objects.delete(upload_name(record.id))

        await _in_thread(delete)


async def _in_thread(call: Callable[[], T]) -> T:
    def translated() -> T:
        with store_errors():
            return call()

    return await asyncio.to_thread(translated)
