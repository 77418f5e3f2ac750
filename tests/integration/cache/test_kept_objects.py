"""Recordings that outlive an S3 that forgets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from danmu_tts.adapters.aws.kept_objects import KeptObjects
from tests.servers.s3_server import BUCKET, S3Server

PREFIX = "models/reference_voices/"


@pytest.fixture
def client(s3: S3Server) -> Iterator[Any]:
    client = boto3.client("s3", endpoint_url=s3.url)
    yield client
    client.close()


def kept(client: Any, folder: Path) -> KeptObjects:
    return KeptObjects(client, BUCKET, PREFIX, folder)


def put(client: Any, name: str, data: bytes) -> None:
    client.put_object(Bucket=BUCKET, Key=name, Body=data)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_put_is_there_again_after_it_was_forgotten(s3: S3Server, client: Any, tmp_path: Path) -> None:
    keeper = kept(client, tmp_path)
    put(client, f"{PREFIX}a.wav", b"sound")
    put(client, f"{PREFIX}owner/a.json", b"{}")
    put(client, "temp/xtts/other.wav", b"not ours")
    keeper.keep()
    assert files(tmp_path) == {"a.wav": b"sound", "owner/a.json": b"{}"}
    s3.reset()
    assert kept(client, tmp_path).restore() == 2
    assert client.get_object(Bucket=BUCKET, Key=f"{PREFIX}owner/a.json")["Body"].read() == b"{}"


def test_what_was_changed_or_deleted_is_so_in_the_folder(client: Any, tmp_path: Path) -> None:
    keeper = kept(client, tmp_path)
    for name in ("a", "b"):
        put(client, PREFIX + name, b"old")
    keeper.keep()
    put(client, f"{PREFIX}a", b"new")
    client.delete_object(Bucket=BUCKET, Key=f"{PREFIX}b")
    keeper.keep()
    assert files(tmp_path) == {"a": b"new"}


def test_what_was_restored_and_then_deleted_stays_so(s3: S3Server, client: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"sound")
    keeper = kept(client, tmp_path)
    keeper.restore()
    client.delete_object(Bucket=BUCKET, Key=f"{PREFIX}a")
    keeper.keep()
    assert files(tmp_path) == {}


def test_nobody_else_on_the_machine_reads_a_recording(client: Any, tmp_path: Path) -> None:
    put(client, f"{PREFIX}a.wav", b"sound")
    kept(client, tmp_path / "xtts").keep()
    assert (tmp_path / "xtts" / "a.wav").stat().st_mode & 0o077 == 0
