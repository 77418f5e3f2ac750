"""What is promised of wherever reference voices are kept."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from danmu_tts.adapters.aws.s3_objects import S3Objects
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.adapters.reference_voices.recordings import RecordingObjects
from danmu_tts.adapters.reference_voices.records import ReferenceObjects
from danmu_tts.adapters.reference_voices.spoken_keys import RedisSpokenKeys
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.domain.reference_voices import ReferenceRecord
from danmu_tts.ports.reference_voices import ReferenceRecordings, ReferenceRecords
from tests.builders.reference_store import FakeReferenceRecordings, FakeReferenceRecords
from tests.builders.s3 import Bucket, the_bucket
from tests.builders.speech import a_key
from tests.servers.s3_server import BUCKET, S3Server

VOICE = "xtts:ref-" + "a" * 32


@dataclass(frozen=True)
class Place:
    """Stores under test, and the bucket behind them where there is one."""

    records: ReferenceRecords
    recordings: ReferenceRecordings
    bucket: Bucket | None = None

    def send(self, record: ReferenceRecord, data: bytes) -> None:
        if isinstance(self.recordings, FakeReferenceRecordings):
            self.recordings.uploads[record.id] = data
        else:
            assert self.bucket is not None
            self.bucket.write(f"temp/uploads/{record.id}", data)


def a_record(number: int = 1, owner: str = "aaaaaaaaaaab", **changed: object) -> ReferenceRecord:
    record = ReferenceRecord(
        id=f"{number:032x}",
        owner=owner,
        name="声音 «1»",
        content_type="audio/wav",
        upload_bytes=1000,
        consent_text="I agree,\nI do, 我同意.",
        created_at=1_700_000_000 - number,
    )
    return replace(record, **changed)  # type: ignore[arg-type] # fields of the record


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
    with the_bucket(s3) as found:
        yield found


@pytest.fixture(params=["fake", "s3"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "fake":
        yield Place(FakeReferenceRecords(), FakeReferenceRecordings())
        return
    found: Bucket = request.getfixturevalue("bucket")
    objects = S3Objects(BUCKET, timeout_s=5)
    yield Place(ReferenceObjects(objects, "AES256"), RecordingObjects(objects, "AES256", 600), found)
    objects.close()


async def test_a_record_comes_back_as_it_was(place: Place) -> None:
    for record in (
        a_record(1),
        a_record(2).ready("0" * 64, 5000, now_s=1_700_000_001.5),
        a_record(3).refused("It is silent. 静", now_s=1_700_000_002),
    ):
        await place.records.add(record)
        kept = await place.records.get(record.owner, record.id)
        assert kept is not None
        assert kept.record == record


async def test_an_owner_sees_its_own_alone_the_oldest_first(place: Place) -> None:
    mine = [a_record(number) for number in (1, 2, 3)]
    theirs = a_record(4, owner="aaaaaaaaaaac")
    for record in (*mine, theirs):
        await place.records.add(record)
    assert await place.records.list(theirs.owner) == [theirs]
    assert await place.records.list(mine[0].owner) == mine[::-1]
    assert [await place.records.count(owner) for owner in (mine[0].owner, theirs.owner, "local")] == [3, 1, 0]
    assert await place.records.get(mine[0].owner, theirs.id) is None
    await place.records.remove(mine[0].owner, theirs.id)
    assert await place.records.get(theirs.owner, theirs.id)


async def test_only_the_version_that_was_read_is_replaced(place: Place) -> None:
    record = a_record()
    await place.records.add(record)
    kept = await place.records.get(record.owner, record.id)
    assert kept is not None
    ready = record.ready("1" * 64, 5000, now_s=1)
    assert await place.records.replace(ready, kept.version)
    assert not await place.records.replace(record.refused("late", now_s=1), kept.version)
    now = await place.records.get(record.owner, record.id)
    assert now is not None
    assert now.record == ready
    await place.records.remove(record.owner, record.id)
    assert not await place.records.replace(ready, now.version)
    assert await place.records.get(record.owner, record.id) is None


async def test_removing_twice_is_removing(place: Place) -> None:
    record = a_record()
    await place.records.add(record)
    for _ in range(2):
        await place.records.remove(record.owner, record.id)
    assert await place.records.list(record.owner) == []


async def test_what_was_sent_is_measured_read_in_part_and_dropped(place: Place) -> None:
    record = a_record()
    assert await place.recordings.upload_bytes(record) is None
    assert await place.recordings.read_upload(record, 10) == b""
    place.send(record, bytes(range(100)))
    assert await place.recordings.upload_bytes(record) == 100
    assert await place.recordings.read_upload(record, 10) == bytes(range(10))
    for _ in range(2):
        await place.recordings.drop_upload(record)
        assert await place.recordings.upload_bytes(record) is None


async def test_the_first_recording_is_the_one_that_is_kept(place: Place) -> None:
    record = a_record()
    assert await place.recordings.keep(record, b"first") == b"first"
    assert await place.recordings.keep(record, b"second") == b"first"
    for _ in range(2):
        await place.recordings.drop(record)
    assert await place.recordings.keep(record, b"third") == b"third"


async def test_a_form_says_how_much_and_how_long(place: Place) -> None:
    form = await place.recordings.form(a_record())
    assert form.url.startswith("http")
    assert form.most_bytes == 1000
    assert "key" in form.fields


async def test_a_record_that_is_broken_or_anothers_is_not_there(bucket: Bucket) -> None:
    objects = S3Objects(BUCKET, timeout_s=5)
    records = ReferenceObjects(objects, "AES256")
    record, other = a_record(1), a_record(2)
    await records.add(other)
    sound = bucket.read(f"models/reference_voices/{other.owner}/{other.id}.json")
    for data in (b"", b"{", b"[]", b"{}", sound, sound.replace(b'"waiting"', b'"loud"'), b"\xff" * 20_000):
        bucket.write(f"models/reference_voices/{record.owner}/{record.id}.json", data)
        assert await records.get(record.owner, record.id) is None
        assert await records.list(record.owner) == [other]
    bucket.write(f"models/reference_voices/{record.owner}/notes.json", b"{}")
    assert await records.count(record.owner) == 2
    objects.close()


async def test_a_bucket_that_is_not_there_is_a_store_that_is_away(bucket: Bucket) -> None:
    objects = S3Objects("another-bucket", timeout_s=5)
    records, recordings = ReferenceObjects(objects, "AES256"), RecordingObjects(objects, "AES256", 600)
    for call in (
        records.get("local", "0" * 32),
        records.list("local"),
        records.add(a_record()),
        records.replace(a_record(), '"1"'),
        recordings.read_upload(a_record(), 10),
        recordings.keep(a_record(), b"wav"),
    ):
        with pytest.raises(StoreAwayError) as raised:
            await call
        assert "another-bucket" not in raised.value.message
    objects.close()


async def test_what_a_voice_has_spoken_is_told_once(redis: RedisClient) -> None:
    spoken = RedisSpokenKeys(redis, ttl_s=60, most_keys=3)
    assert await spoken.take(VOICE) == []
    for number in (1, 2, 3, 4, 2, 2):
        await RedisSpokenKeys(redis, ttl_s=60, most_keys=3).note(VOICE, a_key(number))
    await spoken.note(f"{VOICE}b", a_key(9))
    assert 50 < await redis.run("TTL", redis.key("spoken", VOICE)) <= 60
    assert await spoken.take(VOICE) == [a_key(2), a_key(4), a_key(3)]
    assert await spoken.take(VOICE) == []
    assert await spoken.take(f"{VOICE}b") == [a_key(9)]
