"""API keys in S3, where the operator's command line and every function reach them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from danmu_tts.adapters.keys.document import MAX_BYTES, decode, encode
from danmu_tts.adapters.keys.threads import SIDE_BY_SIDE, KeyThreads
from danmu_tts.domain.access import KeyRecord, is_key_id
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import get_logger
from danmu_tts.once import once

logger = get_logger("keys")

_SUFFIX = ".json"
# One try and one more. Whoever waits for a third has a caller who has left.
_ATTEMPTS = 2


class KeyObjects:
    """Keeps keys as objects ``{prefix}keys/{id}.json``. See ``ports.KeyStore``.

    Needs ``s3:GetObject``, ``s3:PutObject``, and ``s3:ListBucket``: without the last, S3 answers 403 for what is not
    there, and an unknown key would be a store that is away.
    """

    def __init__(self, bucket: str, prefix: str, timeout_ms: int) -> None:
        """Connects on first use. ``timeout_ms`` is for a connection and for each wait on it."""
        self._bucket = bucket
        self._folder = f"{prefix}keys/"
        self._timeout_s = timeout_ms / 1000
        self._client = once(self._connect)
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
            client = self._client()
            try:
                found = client.get_object(Bucket=self._bucket, Key=self._name(key_id))
            except client.exceptions.NoSuchKey:
                return None
            data = found["Body"].read(MAX_BYTES + 1)
        return decode(data, key_id)

    def _write(self, record: KeyRecord) -> None:
        with _translated():
            self._client().put_object(
                Bucket=self._bucket,
                Key=self._name(record.id),
                Body=encode(record),
                ContentType="application/json",
                ServerSideEncryption="AES256",
            )

    def _read_all(self) -> Sequence[KeyRecord]:
        with _translated():
            pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._folder)
            names = [each["Key"].removeprefix(self._folder) for page in pages for each in page.get("Contents", ())]
        ids = [name.removesuffix(_SUFFIX) for name in sorted(names) if name.endswith(_SUFFIX)]
        return [record for key_id in ids if is_key_id(key_id) and (record := self._read(key_id))]

    def _name(self, key_id: str) -> str:
        return f"{self._folder}{key_id}{_SUFFIX}"

    def _connect(self) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            config=Config(
                connect_timeout=self._timeout_s,
                read_timeout=self._timeout_s,
                max_pool_connections=SIDE_BY_SIDE,
                retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            ),
        )


@contextmanager
def _translated() -> Iterator[None]:
    """What S3 says names buckets and accounts, which is the operator's business and not the caller's."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ModuleNotFoundError as error:
        raise StoreAwayError("API keys in S3 need boto3: pip install 'danmu-tts[aws]'") from error
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "no code")
        logger.warning("S3 refused the keys", extra={"reason": str(error)})
        raise StoreAwayError(f"The API keys cannot be reached now: S3 answered {code}.") from error
    except (BotoCoreError, OSError) as error:
        logger.warning("S3 was not reached for the keys", extra={"reason": str(error)})
        raise StoreAwayError(f"The API keys cannot be reached now: {type(error).__name__}.") from error
