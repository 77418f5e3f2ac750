"""The S3 tier with the real SDK, against a server that speaks S3."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import danmu_tts
from danmu_tts.adapters.cache import s3 as s3_module
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.settings import Settings
from tests.builders.clock import FakeClock
from tests.builders.logs import captured_logs
from tests.builders.s3 import MAX_ENTRY_BYTES, TTL_S, URL_TTL_S, Bucket, Requests, an_s3_cache, the_bucket
from tests.builders.speech import KEY, a_key, a_speech
from tests.servers.s3_server import BUCKET, S3Server

DESCRIPTION = f"metadata/3f/{KEY}.json"
WRITTEN = ["PUT audio 200", "PUT metadata 200"]


@pytest.fixture
def bucket(s3: S3Server) -> Iterator[Bucket]:
    with the_bucket(s3) as bucket:
        yield bucket


async def fetched(url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(url, headers=headers)


@pytest.mark.parametrize("audio_format", AudioFormat)
async def test_audio_lies_under_its_backend_with_headers_that_suit_a_player(
    bucket: Bucket, audio_format: AudioFormat
) -> None:
    async with an_s3_cache(bucket.server) as cache:
        assert await cache.set(KEY, a_speech(voice="edge:zh-CN-XiaoxiaoNeural", audio_format=audio_format))
    [audio, description] = bucket.names()
    assert audio.startswith(f"audio/edge/3f/{KEY}.")
    assert audio.endswith(f".{audio_format.value}")
    assert description == DESCRIPTION
    facts = bucket.facts(audio)
    assert facts["ContentType"] == audio_format.content_type
    assert facts["ContentDisposition"] == f'inline; filename="speech-{KEY[:12]}.{audio_format.value}"'
    assert facts["CacheControl"] == f"private, max-age={TTL_S}, immutable"
    assert bucket.facts(description)["ContentType"] == "application/json"


@pytest.mark.parametrize("sse", ["AES256", "aws:kms"])
async def test_everything_is_encrypted_at_rest_as_set(bucket: Bucket, sse: str) -> None:
    async with an_s3_cache(bucket.server, sse=sse) as cache:
        await cache.set(KEY, a_speech())
    assert [bucket.facts(name)["ServerSideEncryption"] for name in bucket.names()] == [sse, sse]


async def test_everything_is_under_the_prefix(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server, prefix="stage/tts/") as cache:
        await cache.set(KEY, a_speech())
        assert await cache.get(KEY)
        link = await cache.link(KEY, a_speech())
    assert len(bucket.names("stage/tts/")) == len(bucket.names()) == 2
    assert link is not None
    assert f"/{BUCKET}/stage/tts/audio/" in link.url


async def test_a_link_gives_the_audio_whole_and_in_part(bucket: Bucket) -> None:
    clock, speech = FakeClock(), a_speech(bytes(range(200)))
    async with an_s3_cache(bucket.server, clock) as cache:
        link = await cache.link(KEY, speech)
    assert link is not None
    assert link.expires_at == clock() + URL_TTL_S
    assert (await fetched(link.url)).content == speech.audio
    part = await fetched(link.url, Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, speech.audio[10:20])
    assert part.headers["content-range"] == "bytes 10-19/200"
    assert part.headers["content-type"] == "audio/mpeg"


async def test_a_link_stores_what_is_not_there(bucket: Bucket) -> None:
    requests = Requests(bucket.server)
    async with an_s3_cache(bucket.server) as cache:
        assert await cache.link(KEY, a_speech())
        assert requests.made() == ["HEAD audio 404", *WRITTEN]
        assert (await cache.get(KEY) or pytest.fail("miss")).speech == a_speech()


async def test_a_link_to_what_was_just_stored_or_read_asks_nothing(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server) as cache, an_s3_cache(bucket.server) as other:
        await cache.set(KEY, a_speech())
        await other.get(KEY)
        requests = Requests(bucket.server)
        for each in (cache, cache, other):
            assert await each.link(KEY, a_speech())
        assert requests.made() == []


async def test_a_link_to_what_another_process_stored_asks_once_and_sends_nothing(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server) as cache, an_s3_cache(bucket.server) as other:
        await cache.set(KEY, a_speech())
        requests = Requests(bucket.server)
        assert await other.link(KEY, a_speech())
        assert await other.link(KEY, a_speech())
        assert requests.made() == ["HEAD audio 200"]


async def test_a_link_is_to_the_very_bytes_that_were_given(bucket: Bucket) -> None:
    """Another process made the same key, and its voice said it in other bytes."""
    async with an_s3_cache(bucket.server) as cache, an_s3_cache(bucket.server) as other:
        await cache.set(KEY, a_speech(b"one rendition"))
        link = await other.link(KEY, a_speech(b"another rendition"))
        assert link is not None
        assert (await fetched(link.url)).content == b"another rendition"
        assert (await cache.get(KEY) or pytest.fail("miss")).speech == a_speech(b"one rendition")


async def test_a_link_renews_what_would_expire_before_it(bucket: Bucket) -> None:
    clock = FakeClock()
    async with an_s3_cache(bucket.server, clock) as cache, an_s3_cache(bucket.server, clock) as other:
        await cache.set(KEY, a_speech())
        clock.advance(TTL_S - 1)
        requests = Requests(bucket.server)
        assert await cache.link(KEY, a_speech())
        assert requests.made()[-2:] == WRITTEN
        clock.advance(TTL_S - URL_TTL_S - 1)
        assert await other.get(KEY)


@pytest.mark.parametrize("key", ["", "k", "../" + KEY[3:], KEY.upper(), KEY + "0", f"{KEY}\n"])
async def test_what_is_no_key_is_refused_without_asking(bucket: Bucket, key: str) -> None:
    requests = Requests(bucket.server)
    async with an_s3_cache(bucket.server) as cache:
        assert not await cache.set(key, a_speech())
        assert await cache.get(key) is None
        assert await cache.link(key, a_speech()) is None
    assert requests.made() == []


async def test_what_is_too_large_has_no_link(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server) as cache:
        assert await cache.link(KEY, a_speech(bytes(MAX_ENTRY_BYTES + 1))) is None
    assert bucket.names() == []


async def test_a_second_process_finds_the_entry_there_and_is_content(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server) as cache, an_s3_cache(bucket.server) as other:
        assert await cache.set(KEY, a_speech())
        requests = Requests(bucket.server)
        assert await other.set(KEY, a_speech())
        assert requests.made() == ["PUT audio 412", "GET metadata 200"]
        assert await other.set(KEY, a_speech())
        assert len(requests.made()) == 2


async def test_renditions_of_one_key_in_two_processes_stay_whole(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server) as cache, an_s3_cache(bucket.server) as other:
        speeches = [a_speech(b"one rendition"), a_speech(b"another, longer rendition")]
        assert all(await asyncio.gather(cache.set(KEY, speeches[0]), other.set(KEY, speeches[1])))
        read = [(await each.get(KEY) or pytest.fail("miss")).speech for each in (cache, other)]
    assert read[0] == read[1]
    assert read[0] in speeches


async def test_writers_of_one_key_in_one_process_make_one_put_of_each_object(bucket: Bucket) -> None:
    requests = Requests(bucket.server)
    async with an_s3_cache(bucket.server) as cache:
        stored = await asyncio.gather(*(cache.set(KEY, a_speech()) for _ in range(20)))
        assert all(stored)
        assert requests.made() == WRITTEN


async def test_a_link_waits_for_the_write_in_flight(bucket: Bucket) -> None:
    requests = Requests(bucket.server)
    async with an_s3_cache(bucket.server) as cache:
        _, link = await asyncio.gather(cache.set(KEY, a_speech()), cache.link(KEY, a_speech()))
        assert requests.made() == WRITTEN
    assert link is not None
    assert (await fetched(link.url)).status_code == 200


async def test_a_write_outlives_the_caller_who_left(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server) as cache:
        writing = asyncio.create_task(cache.set(KEY, a_speech()))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert await cache.link(KEY, a_speech())
    assert len(bucket.names()) == 2


async def test_an_expired_entry_is_written_over_as_if_new(bucket: Bucket) -> None:
    clock = FakeClock()
    async with an_s3_cache(bucket.server, clock) as cache:
        await cache.set(KEY, a_speech())
        clock.advance(TTL_S + 1)
        assert await cache.get(KEY) is None
        assert await cache.set(KEY, a_speech())
        clock.advance(TTL_S - 1)
        assert await cache.get(KEY)
        [audio] = bucket.names("audio/")
        assert float(bucket.facts(audio)["Metadata"]["stored-at"]) == clock() - TTL_S + 1


async def test_an_entry_lives_from_its_first_write(bucket: Bucket) -> None:
    clock = FakeClock()
    async with an_s3_cache(bucket.server, clock) as cache, an_s3_cache(bucket.server, clock) as other:
        await cache.set(KEY, a_speech())
        clock.advance(TTL_S // 2)
        assert await other.set(KEY, a_speech())
        clock.advance(TTL_S // 2 + 1)
        assert await cache.get(KEY) is None


@pytest.mark.parametrize("audio", [b"", b"sound", b"other" * 20], ids=["empty", "cut", "wrong"])
async def test_damaged_audio_is_a_miss_and_can_be_stored_again(bucket: Bucket, audio: bytes) -> None:
    async with an_s3_cache(bucket.server) as cache:
        await cache.set(KEY, a_speech())
        [name] = bucket.names("audio/")
        bucket.write(name, audio)
        with captured_logs() as records:
            assert await cache.get(KEY) is None
        assert [(each.getMessage(), vars(each)["key"]) for each in records] == [("removed a damaged cache entry", KEY)]
        assert bucket.names("metadata/") == []
        assert await cache.set(KEY, a_speech())
        assert (await cache.get(KEY) or pytest.fail("miss")).speech == a_speech()


async def test_vanished_audio_is_a_miss_and_is_not_linked(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server) as cache:
        await cache.set(KEY, a_speech())
        [name] = bucket.names("audio/")
        bucket.delete(name)
        assert await cache.get(KEY) is None
        assert bucket.names() == []
        link = await cache.link(KEY, a_speech())
    assert link is not None
    assert (await fetched(link.url)).status_code == 200


async def test_cut_audio_is_stored_anew_before_it_is_linked(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server) as cache, an_s3_cache(bucket.server) as other:
        await cache.set(KEY, a_speech())
        [name] = bucket.names("audio/")
        bucket.write(name, b"sound")
        link = await other.link(KEY, a_speech())
    assert link is not None
    assert (await fetched(link.url)).content == a_speech().audio


@pytest.mark.parametrize("damage", [b"", b"{", b'{"format": "mp3"}', b"\xff\xfe"], ids=repr)
async def test_a_damaged_description_is_a_miss_and_can_be_stored_again(bucket: Bucket, damage: bytes) -> None:
    async with an_s3_cache(bucket.server) as cache, an_s3_cache(bucket.server) as other:
        await cache.set(KEY, a_speech())
        bucket.write(DESCRIPTION, damage)
        assert await other.set(KEY, a_speech())
        assert (await other.get(KEY) or pytest.fail("miss")).speech == a_speech()
        bucket.write(DESCRIPTION, damage)
        assert await other.get(KEY) is None
        assert bucket.names("metadata/") == []


async def test_audio_without_a_description_is_a_miss_and_is_finished_by_the_next_writer(bucket: Bucket) -> None:
    """A process died between the two."""
    async with an_s3_cache(bucket.server) as cache, an_s3_cache(bucket.server) as other:
        await cache.set(KEY, a_speech())
        bucket.delete(DESCRIPTION)
        assert await other.get(KEY) is None
        assert await other.set(KEY, a_speech())
        assert (await other.get(KEY) or pytest.fail("miss")).speech == a_speech()


async def test_the_description_says_nothing_that_was_not_asked_for(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server) as cache:
        await cache.set(KEY, a_speech())
    fields = json.loads(bucket.read(DESCRIPTION)).keys()
    assert fields == {"format", "sample_rate_hz", "duration_ms", "voice", "captions", "sha256", "stored_at"}


async def test_many_entries_at_once(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server) as cache:
        speeches = {a_key(number): a_speech(bytes([number]) * 1000) for number in range(100)}
        assert all(await asyncio.gather(*(cache.set(key, speech) for key, speech in speeches.items())))
        hits = await asyncio.gather(*map(cache.get, speeches))
        assert [hit.speech for hit in hits if hit] == list(speeches.values())
        assert (await cache.stats())["s3"] == {"entries": 100, "bytes": 100_000, "max_bytes": 0}


def test_the_sdk_is_not_loaded_before_the_first_call() -> None:
    script = (
        "import sys; from danmu_tts.adapters.cache import s3; from danmu_tts.settings import *;"
        "s3.create(Settings(s3=S3Settings(bucket='danmu-audio')));"
        "sys.exit('boto3' in sys.modules or 'botocore.session' in sys.modules)"
    )
    source = str(Path(danmu_tts.__file__).parents[1])
    assert subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": source}, check=False).returncode == 0


def test_without_a_bucket_there_is_no_tier() -> None:
    with pytest.raises(LookupError, match="DANMU_TTS_S3__BUCKET"):
        s3_module.create(Settings())


def test_without_the_sdk_there_is_no_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_module, "find_spec", lambda name: None)
    monkeypatch.setenv("DANMU_TTS_S3__BUCKET", BUCKET)
    with pytest.raises(LookupError, match=r"danmu-tts\[aws\]"):
        s3_module.create(Settings())
