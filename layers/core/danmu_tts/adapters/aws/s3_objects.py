"""The objects of one S3 bucket, and signed links to them. Everything here blocks: it is called in threads."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from danmu_tts.adapters.aws.credentials import CredentialSource
from danmu_tts.adapters.aws.presign import Presigner, bucket_url_of, is_aws
from danmu_tts.adapters.aws.s3_errors import translated
from danmu_tts.once import once
from danmu_tts.ports import AudioLink

# Calls, and so connections and threads, side by side: a stalled S3 may hold these and no more.
SIDE_BY_SIDE = 16


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What S3 knows of an object without sending it."""

    size_bytes: int
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PostForm:
    """A form that whoever has it may send to ``url``: ``fields`` first, then the file."""

    url: str
    fields: Mapping[str, str]


class S3Objects:
    """Reads, writes and links one bucket's objects, as boto3 is configured. Raises ``s3_errors.S3Error``."""

    def __init__(self, bucket: str, *, timeout_s: float, clock: Callable[[], float] = time.time) -> None:
        """Loads and opens nothing yet. ``timeout_s`` limits connecting, and each wait for bytes."""
        self.bucket = bucket
        self._timeout_s = timeout_s
        self._clock = clock
        self._session = once(_session)
        self._client = once(self._open)
        self._opened: Any = None
        self._credentials = CredentialSource(self._session, clock)
        self._presigner: Presigner | None = None

    def get(self, name: str, most_bytes: int | None = None) -> bytes:
        """Read an object, whole or no more than so much of it."""
        with translated(self.bucket):
            data: bytes = self._client().get_object(Bucket=self.bucket, Key=name)["Body"].read(most_bytes)
        return data

    def get_version(self, name: str, most_bytes: int) -> tuple[bytes, str]:
        """Read no more than so much of an object, with the tag of that version: ``put(…, IfMatch=tag)`` wants it."""
        with translated(self.bucket):
            answer = self._client().get_object(Bucket=self.bucket, Key=name)
            return answer["Body"].read(most_bytes), answer["ETag"]

    def names(self, prefix: str) -> list[str]:
        """Of all objects whose names begin like that."""
        with translated(self.bucket):
            pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def look(self, name: str) -> ObjectFacts:
        """Ask for an object without reading it."""
        with translated(self.bucket):
            answer = self._client().head_object(Bucket=self.bucket, Key=name)
        return ObjectFacts(answer["ContentLength"], answer["Metadata"])

    def put(self, name: str, data: bytes, *, only_new: bool = False, **headers: Any) -> None:
        """Write an object. With ``only_new`` one that is there stays as it is, and AlreadyThereError is raised."""
        condition = {"IfNoneMatch": "*"} if only_new else {}
        with translated(self.bucket):
            self._client().put_object(Bucket=self.bucket, Key=name, Body=data, **condition, **headers)

    def delete(self, name: str) -> None:
        """Delete an object, or find that it is gone."""
        with translated(self.bucket):
            self._client().delete_object(Bucket=self.bucket, Key=name)

    @property
    def can_sign(self) -> bool:
        """Whether ``sign`` has all that it needs, and for a while."""
        return self._presigner is not None and not self._credentials.is_due

    def prepare_to_sign(self) -> None:
        """Find out where the bucket is and who signs."""
        with translated(self.bucket):
            meta = self._client().meta
            self._credentials.fetch()
        bucket_url = bucket_url_of(meta.endpoint_url, self.bucket, meta.region_name)
        self._presigner = self._presigner or Presigner(bucket_url, meta.region_name)

    def sign(self, name: str, ttl_s: int) -> AudioLink | None:
        """Sign a link, without blocking; None where nothing was prepared, or whoever signs has expired."""
        credentials = self._credentials.current
        if credentials is None or self._presigner is None:
            return None
        return self._presigner.sign(name, credentials, now=self._clock(), ttl_s=ttl_s)

    def sign_post(self, name: str, *, most_bytes: int, content_type: str, sse: str, ttl_s: int) -> PostForm:
        """Let somebody write one object: of that name, type and encryption, of 1 to so many bytes, for so long."""
        fields = {"Content-Type": content_type, "x-amz-server-side-encryption": sse}
        conditions: list[list[Any]] = [["eq", f"${field}", value] for field, value in fields.items()]
        conditions.append(["content-length-range", 1, most_bytes])
        with translated(self.bucket):
            form = self._client().generate_presigned_post(
                self.bucket, name, Fields=fields, Conditions=conditions, ExpiresIn=ttl_s
            )
        return PostForm(form["url"], form["fields"])

    def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            self._opened.close()

    def _open(self) -> Any:
        client = self._client_with("virtual")
        if not is_aws(client.meta.endpoint_url):
            client = self._client_with("path")  # an emulator's address rarely has a name for each bucket
        self._opened = client
        return client

    def _client_with(self, addressing_style: str) -> Any:
        from botocore.config import Config

        config = Config(
            connect_timeout=self._timeout_s,
            read_timeout=self._timeout_s,
            max_pool_connections=SIDE_BY_SIDE,
            retries={"max_attempts": 1},  # a connection that was kept while Lambda froze the process is often dead
            s3={"addressing_style": addressing_style},
            signature_version="s3v4",  # of a presigned form too, which KMS wants, and all regions know
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            tcp_keepalive=True,
        )
        return self._session().client("s3", config=config)


def _session() -> Any:
    import boto3

    return boto3.Session()
