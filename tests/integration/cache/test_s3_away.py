"""What becomes of the S3 tier when S3 goes away, hangs or refuses, and when it is back."""

import asyncio
import logging
from collections.abc import Callable, Iterator

import pytest

from danmu_tts.observability import get_logger
from tests.builders.logs import captured_logs
from tests.builders.s3 import Bucket, Requests, an_s3_cache, the_bucket
from tests.builders.speech import KEY, a_key, a_speech
from tests.servers.s3_server import S3Server

LIMIT_S = 20


class Pauses(logging.Handler):
    """Holds the probes back until the test lets them go and waits for the log to say that S3 is back."""

    def __init__(self) -> None:
        super().__init__()
        self._over = asyncio.Event()
        self._back = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await self._over.wait()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "a store is back":
            self._back.set()

    async def end(self) -> None:
        logger = get_logger("availability")
        logger.addHandler(self)
        self._over.set()
        try:
            with captured_logs():  # which lets through what is merely told
                async with asyncio.timeout(LIMIT_S):
                    await self._back.wait()
        finally:
            logger.removeHandler(self)


@pytest.fixture
def logs() -> Iterator[Callable[[], list[tuple[int, str]]]]:
    with captured_logs() as records:
        yield lambda: [(each.levelno, each.getMessage()) for each in records if each.levelno > logging.DEBUG]


async def test_while_s3_is_away_all_is_a_miss_and_once_back_it_works_again(
    own_s3: S3Server, logs: Callable[[], list[tuple[int, str]]]
) -> None:
    pauses = Pauses()
    async with an_s3_cache(own_s3, sleep=pauses.sleep, timeout_ms=500) as cache:
        assert await cache.set(KEY, a_speech())
        own_s3.stop()
        assert await cache.get(KEY) is None
        assert not await cache.set(a_key(1), a_speech())
        assert await cache.link(KEY, a_speech()) is None
        own_s3.start()
        await pauses.end()
        assert await cache.set(a_key(1), a_speech())
        assert await cache.get(a_key(1))
        assert await cache.link(a_key(1), a_speech())
    assert logs() == [(logging.WARNING, "a store is away"), (logging.INFO, "a store is back")]


async def test_while_s3_is_away_it_is_not_asked(own_s3: S3Server) -> None:
    pauses = Pauses()
    async with an_s3_cache(own_s3, sleep=pauses.sleep) as cache:
        own_s3.stop()
        assert await cache.get(KEY) is None
        own_s3.start()
        requests = Requests(own_s3)
        for number in range(100):
            assert await cache.get(a_key(number)) is None
            assert not await cache.set(a_key(number), a_speech())
            assert await cache.link(a_key(number), a_speech()) is None
        assert requests.made() == []
        await pauses.end()
        assert requests.made() == ["PUT temp 200", "GET temp 200"]


async def test_a_hanging_s3_costs_its_time_once_and_holds_no_caller_longer(own_s3: S3Server) -> None:
    pauses = Pauses()
    async with an_s3_cache(own_s3, sleep=pauses.sleep, timeout_ms=500) as cache:
        assert await cache.set(KEY, a_speech())
        own_s3.pause()
        links = [cache.link(a_key(number), a_speech()) for number in range(1, 101)]
        async with asyncio.timeout(LIMIT_S):
            assert await asyncio.gather(*links) == [None] * 100
            assert await cache.get(KEY) is None
        own_s3.resume()
        await pauses.end()
        assert await cache.get(KEY)


async def test_a_caller_who_leaves_does_not_hide_that_s3_hangs(own_s3: S3Server) -> None:
    own_s3.pause()
    with captured_logs() as records:
        async with an_s3_cache(own_s3, timeout_ms=50) as cache:
            reading = asyncio.create_task(cache.get(KEY))
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait([reading])
            assert records == []
    assert [each.getMessage() for each in records] == ["a store is away"]


async def test_a_bucket_that_is_not_there_is_an_error_that_says_what_to_do(s3: S3Server) -> None:
    with captured_logs() as records:
        async with an_s3_cache(s3, sleep=Pauses().sleep, bucket="no-such-bucket") as cache:
            assert await cache.get(KEY) is None
            assert not await cache.set(KEY, a_speech())
            assert await cache.link(KEY, a_speech()) is None
    [record] = records
    assert record.levelno == logging.ERROR
    reason = vars(record)["reason"]
    assert "NoSuchBucket" in reason
    assert "s3:PutObject" in reason
    assert "arn:aws:s3:::no-such-bucket/*" in reason


async def test_a_bucket_that_is_made_later_is_used(s3: S3Server) -> None:
    pauses = Pauses()
    async with an_s3_cache(s3, sleep=pauses.sleep, bucket="made-later") as cache:
        assert not await cache.set(KEY, a_speech())
        with the_bucket(s3) as bucket:
            bucket.client.create_bucket(Bucket="made-later")
        await pauses.end()
        assert await cache.set(KEY, a_speech())


async def test_without_credentials_it_is_away_and_says_so(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with captured_logs() as records:
        async with an_s3_cache(s3, sleep=Pauses().sleep) as cache:
            assert not await cache.set(KEY, a_speech())
            assert await cache.link(KEY, a_speech()) is None
    [record] = records
    assert record.levelno == logging.ERROR
    assert "NoCredentialsError" in vars(record)["reason"]


async def test_closing_while_s3_hangs_ends(own_s3: S3Server) -> None:
    own_s3.pause()
    async with asyncio.timeout(LIMIT_S), an_s3_cache(own_s3, timeout_ms=50) as cache:
        assert await cache.link(KEY, a_speech()) is None


@pytest.fixture
def bucket(s3: S3Server) -> Iterator[Bucket]:
    with the_bucket(s3) as bucket:
        yield bucket


async def test_nothing_is_probed_while_it_is_up(bucket: Bucket) -> None:
    async with an_s3_cache(bucket.server) as cache:
        await cache.set(KEY, a_speech())
        await cache.get(KEY)
    assert bucket.names("temp/") == []
