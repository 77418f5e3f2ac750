"""The S3 tier over a real server, and the bucket seen from outside."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from danmu_tts.adapters.cache import s3
from danmu_tts.adapters.cache.s3 import S3Cache
from danmu_tts.settings import AudioSettings, S3Settings, Settings
from tests.builders.clock import FakeClock
from tests.servers.s3_server import BUCKET, S3Server

TTL_S = 3600
URL_TTL_S = 10
MAX_ENTRY_BYTES = 1_000_000

_COLOUR = re.compile("\x1b\\[[0-9;]*m")


@asynccontextmanager
async def an_s3_cache(
    server: S3Server,
    clock: Callable[[], float] | None = None,
    *,
    sleep: Callable[[float], Awaitable[object]] | None = None,
    **changed: Any,
) -> AsyncIterator[S3Cache]:
    """The tier as an operator gets it; ``changed`` are fields of ``S3Settings``."""
    given = {"bucket": BUCKET, "ttl_s": TTL_S, "max_entry_bytes": MAX_ENTRY_BYTES, "timeout_ms": 5000} | changed
    settings = Settings(s3=S3Settings(**given), audio=AudioSettings(url_ttl_s=URL_TTL_S))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        cache = s3.create(settings, clock or FakeClock(), *([sleep] if sleep else []))
        yield cache
        await cache.close()


@dataclass(frozen=True)
class Bucket:
    """What is really in the bucket, and what S3 was really asked."""

    server: S3Server
    client: Any

    def names(self, prefix: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def facts(self, name: str) -> dict[str, Any]:
        facts: dict[str, Any] = self.client.head_object(Bucket=BUCKET, Key=name)
        return facts

    def read(self, name: str) -> bytes:
        data: bytes = self.client.get_object(Bucket=BUCKET, Key=name)["Body"].read()
        return data

    def write(self, name: str, data: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=name, Body=data)

    def delete(self, name: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=name)


@contextmanager
def the_bucket(server: S3Server) -> Iterator[Bucket]:
    config = Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required")
    client = boto3.client("s3", endpoint_url=server.url, config=config)
    yield Bucket(server, client)
    client.close()


class Requests:
    """What the server logged from now on, as ``PUT audio 200``: method, first folder, status."""

    def __init__(self, server: S3Server) -> None:
        self._server = server
        self._seen = len(server.log)

    def made(self) -> list[str]:
        made: list[str] = []
        for line in _COLOUR.sub("", self._server.log[self._seen :]).splitlines():
            if f"/{BUCKET}/" in line:
                _, request, answer = line.split('"')[:3]
                method, path = request.split()[:2]
                made.append(f"{method} {path.split('/')[2]} {answer.split()[0]}")
        return made
