"""API keys in S3, where the operator's command line and every function reach them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from danmu_tts.adapters.aws.s3_errors import NotThereError, S3Error
from danmu_tts.adapters.aws.s3_objects import S3Objects
from danmu_tts.adapters.keys.document import MAX_BYTES, decode, encode
from danmu_tts.adapters.keys.threads import KeyThreads
from danmu_tts.domain.access import KeyRecord, is_key_id
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import get_logger

logger = get_logger("keys")

_SUFFIX = ".json"


class KeyObjects:
    """Keeps keys as objects ``{prefix}keys/{id}.json``. See ``ports.KeyStore``.

    Needs ``s3:GetObject``, ``s3:PutObject``, and ``s3:ListBucket``: without the last, S3 answers 403 for what is not
    there, and an unknown key would be a store that is away.
    """

    def __init__(self, objects: S3Objects, prefix: str, sse: str) -> None:
        """``sse``: how S3 encrypts them, in its own words."""
        self._objects = objects
        self._folder = f"{prefix}keys/"
        self._sse = sse
        self._threads = KeyThreads()

    async def get(self, key_id: str) -> KeyRecord | None:
        """Read one key's object."""
        return await self._threads.run(lambda: self._read(key_id)) if is_key_id(key_id) else None

    async def put(self, record: KeyRecord) -> None:
        """Write one key's object; S3 itself replaces it all at once."""
        await self._threads.run(lambda: self._write(record))

    async def list(self) -> Sequence[KeyRecord]:
        """Read all objects that are named as a key's are."""
        return await self._threads.run(self._read_all)

    def _read(self, key_id: str) -> KeyRecord | None:
        with _translated():
            try:
                data = self._objects.get(self._name(key_id), MAX_BYTES + 1)
            except NotThereError:
                return None
        return decode(data, key_id)

    def _write(self, record: KeyRecord) -> None:
        with _translated():
            self._objects.put(
                self._name(record.id), encode(record), ContentType="application/json", ServerSideEncryption=self._sse
            )

    def _read_all(self) -> Sequence[KeyRecord]:
        with _translated():
            names = [name.removeprefix(self._folder) for name in self._objects.names(self._folder)]
        ids = [name.removesuffix(_SUFFIX) for name in sorted(names) if name.endswith(_SUFFIX)]
        return [record for key_id in ids if is_key_id(key_id) and (record := self._read(key_id))]

    def _name(self, key_id: str) -> str:
        return f"{self._folder}{key_id}{_SUFFIX}"


@contextmanager
def _translated() -> Iterator[None]:
    """The whole of it names the bucket, which is the operator's business and not the caller's."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise StoreAwayError("API keys in S3 need boto3: pip install 'danmu-tts[aws]'") from error
    except S3Error as error:
        logger.warning("the keys' bucket is away", extra={"reason": str(error)})
        raise StoreAwayError(f"The API keys cannot be reached now: {error.said}.") from error
