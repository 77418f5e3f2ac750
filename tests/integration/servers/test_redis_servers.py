"""The Redis servers of the tests do what the tests rely on."""

from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from tests.servers.redis_server import RedisServer, program

_NO_RETRY = Retry(NoBackoff(), 0)
_SHORT_S = 0.05


async def test_plain_server_answers(plain_redis: RedisServer) -> None:
    async with Redis.from_url(plain_redis.url) as client:
        assert await client.ping()


@pytest.mark.parametrize("_round", [1, 2])
async def test_each_test_gets_an_empty_server(plain_redis: RedisServer, _round: int) -> None:
    async with Redis.from_url(plain_redis.url) as client:
        assert await client.dbsize() == 0
        await client.set("left", "behind")


async def test_paused_server_times_out_and_recovers(own_redis: RedisServer) -> None:
    async with Redis.from_url(own_redis.url, retry=_NO_RETRY, socket_timeout=_SHORT_S) as client:
        await client.ping()
        own_redis.pause()
        with pytest.raises(RedisTimeoutError):
            await client.ping()
    own_redis.resume()
    async with Redis.from_url(own_redis.url) as client:
        assert await client.ping()


async def test_server_restarts_empty_on_the_same_port(own_redis: RedisServer) -> None:
    url = own_redis.url
    async with Redis.from_url(url, retry=_NO_RETRY) as client:
        await client.set("danmu:key", "value")
        own_redis.stop()
        with pytest.raises(RedisConnectionError):
            await client.get("danmu:key")
        own_redis.start()
        assert own_redis.url == url
        assert await client.get("danmu:key") is None


def test_paused_server_can_be_stopped(own_redis: RedisServer) -> None:
    own_redis.pause()
    own_redis.stop()
    own_redis.start()


def test_failed_start_shows_the_log(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    (tmp_path / "redis.conf").write_text("no such directive\n")
    with pytest.raises(RuntimeError, match="FATAL CONFIG FILE ERROR"):
        server.start()


def test_missing_program_skips_a_test_and_fails_it_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install redis-server"):
        program()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install redis-server"):
        program()
