"""What every store of API keys promises, wherever it keeps them."""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from danmu_tts.adapters.aws.s3_objects import S3Objects
from danmu_tts.adapters.keys.cached import CachedKeys
from danmu_tts.adapters.keys.files import KeyFiles
from danmu_tts.adapters.keys.s3 import KeyObjects
from danmu_tts.domain.access import Scope
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.ports import KeyStore
from tests.builders.access import a_key, a_record
from tests.builders.clock import FakeClock
from tests.builders.key_store import FakeKeyStore
from tests.builders.logs import captured_logs
from tests.servers.s3_server import BUCKET, S3Server

PREFIX = "a/prefix/"
RECORD = replace(
    a_record(1),
    name="机器人 bot",
    requests_per_minute=60,
    characters_per_minute=6000,
    monthly_characters=0,
    monthly_usd=1.25,
    expires_at=2_000_000_000,
    revoked_at=1_800_000_000,
)
BARE = a_record(2, scopes=[Scope.ADMIN])


@dataclass(frozen=True)
class Place:
    """A store under test and a way past it to what it keeps."""

    store: KeyStore
    put_raw: Callable[[str, bytes], None]
    get_raw: Callable[[str], bytes]
    names: Callable[[], set[str]]


def files_in(directory: Path) -> Place:
    def put_raw(name: str, data: bytes) -> None:
        directory.mkdir(exist_ok=True)
        (directory / name).write_bytes(data)

    return Place(
        KeyFiles(directory),
        put_raw,
        lambda name: (directory / name).read_bytes(),
        lambda: {path.name for path in directory.iterdir()},
    )


def in_s3(bucket: str = BUCKET, *, timeout_s: float = 2, sse: str = "AES256") -> KeyStore:
    return KeyObjects(S3Objects(bucket, timeout_s=timeout_s), PREFIX, sse)


def objects_in(client: Any) -> Place:
    folder = f"{PREFIX}keys/"

    def names() -> set[str]:
        return {each["Key"].removeprefix(folder) for each in client.list_objects_v2(Bucket=BUCKET)["Contents"]}

    return Place(
        in_s3(),
        lambda name, data: client.put_object(Bucket=BUCKET, Key=folder + name, Body=data),
        lambda name: client.get_object(Bucket=BUCKET, Key=folder + name)["Body"].read(),
        names,
    )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, aws_environment: None) -> Callable[[str], None]:
    """Let boto3 find S3 at an address."""
    return lambda url: monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)


@pytest.fixture
def bucket(s3: S3Server, aws: Callable[[str], None]) -> Any:
    """An empty bucket's client."""
    aws(s3.url)
    return boto3.client("s3")


@pytest.fixture(params=["files", "s3", "cached", "fake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> KeyStore:
    if request.param == "fake":
        return FakeKeyStore()
    if request.param == "s3":
        return objects_in(request.getfixturevalue("bucket")).store
    files = KeyFiles(tmp_path / "keys")
    return CachedKeys(files, clock=FakeClock()) if request.param == "cached" else files


@pytest.fixture(params=["files", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "s3":
        return objects_in(request.getfixturevalue("bucket"))
    return files_in(tmp_path / "keys")


async def ids_of(store: KeyStore) -> list[str]:
    return [record.id for record in await store.list()]


async def test_an_empty_store_knows_nobody(store: KeyStore) -> None:
    assert await store.get(RECORD.id) is None
    assert list(await store.list()) == []


@pytest.mark.parametrize("record", [RECORD, BARE], ids=["full", "bare"])
async def test_gives_back_every_field(store: KeyStore, record: Any) -> None:
    await store.put(record)
    assert await store.get(record.id) == record
    assert list(await store.list()) == [record]


async def test_a_record_takes_the_place_of_the_one_of_its_id(store: KeyStore) -> None:
    await store.put(BARE)
    assert await store.get(BARE.id) == BARE
    revoked = replace(BARE, revoked_at=1)
    await store.put(revoked)
    assert await store.get(BARE.id) == revoked
    assert len(await store.list()) == 1


async def test_keys_are_listed_by_id(store: KeyStore) -> None:
    for number in (3, 1, 2):
        await store.put(a_record(number))
    assert await ids_of(store) == [a_key(number).id for number in (1, 2, 3)]


async def test_nothing_but_the_document_is_left_behind_and_no_secret_is_in_it(place: Place) -> None:
    await place.store.put(RECORD)
    await place.store.put(RECORD)
    (name,) = place.names()
    kept = place.get_raw(name)
    assert json.loads(kept)["name"] == "机器人 bot"
    assert a_key(1).secret.encode() not in kept


@pytest.mark.parametrize(
    "key_id", ["", "..", "../secrets", "/etc/passwd", "a\0b", "弹幕", "A" * 12, "a" * 13, "a" * 100_000, "*"]
)
async def test_what_is_no_id_is_an_unknown_one(store: KeyStore, key_id: str) -> None:
    await store.put(BARE)
    assert await store.get(key_id) is None


def changed(**fields: Any) -> bytes:
    document = {
        "id": BARE.id,
        "name": "bot",
        "secret_sha256": BARE.secret_sha256,
        "token_secret": BARE.token_secret,
        "scopes": ["speak"],
        "requests_per_minute": None,
        "characters_per_minute": None,
        "monthly_characters": None,
        "monthly_usd": None,
        "created_at": 1,
        "expires_at": None,
        "revoked_at": None,
    }
    return json.dumps({name: value for name, value in (document | fields).items() if value != "absent"}).encode()


async def test_the_document_that_the_broken_ones_are_made_of_is_sound(place: Place) -> None:
    place.put_raw(f"{BARE.id}.json", changed())
    record = await place.store.get(BARE.id)
    assert record is not None
    assert record.scopes == {Scope.SPEAK}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"[" * 10_000,
        b'{"id": "',
        b" " * 1_000_000 + changed(),
        changed(id=RECORD.id),
        changed(id="absent"),
        changed(revoked_at="absent"),
        changed(scopes=["root"]),
        changed(scopes="speak"),
        changed(secret_sha256="00"),
        changed(secret_sha256=BARE.secret_sha256 + "\n"),
        changed(token_secret=""),
        changed(requests_per_minute=-1),
        changed(monthly_usd=float("nan")),
        changed(expires_at=10**30),
        changed(revoked_at=True),
        changed(only_from="2001:db8::1"),
    ],
    ids=lambda data: repr(data[:24]),
)
async def test_what_is_no_sound_document_is_reported_without_its_content_and_unknown(place: Place, data: bytes) -> None:
    await place.store.put(RECORD)
    place.put_raw(f"{BARE.id}.json", data)
    with captured_logs() as records:
        assert await place.store.get(BARE.id) is None
        assert await ids_of(place.store) == [RECORD.id]
    assert [vars(record)["key_id"] for record in records] == [BARE.id, BARE.id]
    said = str([vars(record) for record in records])
    assert BARE.token_secret not in said
    assert BARE.secret_sha256 not in said


async def test_what_is_named_unlike_a_key_is_none_of_its_business(place: Place) -> None:
    for name in ("notes.txt", "README.json", f"{BARE.id}.json.bak", f".{BARE.id}.0.part"):
        place.put_raw(name, changed())
    with captured_logs() as records:
        assert list(await place.store.list()) == []
    assert records == []


async def test_many_may_read_and_write_one_key_at_once(place: Place) -> None:
    await place.store.put(BARE)
    writes = [place.store.put(replace(BARE, created_at=number)) for number in range(10)]
    found = await asyncio.gather(*(place.store.get(BARE.id) for _ in range(10)), *writes)
    assert all(found[:10])
    assert len(place.names()) == 1


def _no_folder(tmp_path: Path, aws: Callable[[str], None]) -> KeyStore:
    (tmp_path / "keys").write_text("a file where the folder should be")
    return KeyFiles(tmp_path / "keys")


def _nobody_answers(tmp_path: Path, aws: Callable[[str], None]) -> KeyStore:
    aws("http://127.0.0.1:9")
    return in_s3(timeout_s=0.5)


def _cached_away(tmp_path: Path, aws: Callable[[str], None]) -> KeyStore:
    store = FakeKeyStore()
    store.away = True
    return CachedKeys(store)


@pytest.mark.parametrize("make", [_no_folder, _nobody_answers, _cached_away], ids=["files", "s3", "cached"])
async def test_a_store_that_cannot_be_reached_is_away(
    make: Callable[[Path, Callable[[str], None]], KeyStore], tmp_path: Path, aws: Callable[[str], None]
) -> None:
    store = make(tmp_path, aws)
    with pytest.raises(StoreAwayError) as caught:
        await store.get(BARE.id)
    assert str(tmp_path) not in caught.value.message
    with pytest.raises(StoreAwayError):
        await store.put(BARE)
    with pytest.raises(StoreAwayError):
        await store.list()


async def test_a_refusal_of_s3_names_neither_the_bucket_nor_the_account(bucket: Any) -> None:
    with pytest.raises(StoreAwayError, match="NoSuchBucket") as caught:
        await in_s3("no-such-bucket").get(BARE.id)
    assert "no-such-bucket" not in caught.value.message


@pytest.mark.parametrize("sse", ["AES256", "aws:kms"])
async def test_objects_are_encrypted_by_s3_and_lie_below_the_prefix(bucket: Any, sse: str) -> None:
    await in_s3(sse=sse).put(BARE)
    found = bucket.head_object(Bucket=BUCKET, Key=f"{PREFIX}keys/{BARE.id}.json")
    assert (found["ServerSideEncryption"], found["ContentType"]) == (sse, "application/json")


@pytest.fixture
def hanging_files(tmp_path: Path) -> Iterator[KeyStore]:
    """Whoever opens its pipe to read waits until somebody writes."""
    pipe = tmp_path / f"{BARE.id}.json"
    os.mkfifo(pipe)
    yield KeyFiles(tmp_path)
    writer = os.open(pipe, os.O_RDWR)
    pipe.unlink()
    os.close(writer)


@pytest.fixture
def hanging_s3(aws: Callable[[str], None]) -> Iterator[KeyStore]:
    """It takes connections and says nothing, as a process that was stopped does."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        aws(f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield in_s3(timeout_s=3)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("hanging_files", marks=pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")),
        "hanging_s3",
    ],
)
async def test_nothing_but_keys_waits_for_a_store_that_hangs(name: str, request: pytest.FixtureRequest) -> None:
    store: KeyStore = request.getfixturevalue(name)
    lookups = [asyncio.create_task(store.get(BARE.id)) for _ in range(100)]
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await asyncio.to_thread(str)
    assert not any(lookup.done() for lookup in lookups)
    for lookup in lookups:
        lookup.cancel()
    await asyncio.wait(lookups)
