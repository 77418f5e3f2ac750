"""The Redis servers of the tests do what the tests rely on."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from tests.servers.redis_server import ClusterRedisServer, RedisServer, program

_NO_RETRY = Retry(NoBackoff(), 0)
_SHORT_S = 0.3
_TESTS_THAT_HANG = """
import sys
from pathlib import Path
from tests.servers.redis_server import RedisServer
with RedisServer(Path(sys.argv[1])) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""


def _options(server: ClusterRedisServer, **changed: Any) -> dict[str, Any]:
    """What a client of the cluster needs, be it for one node or for all."""
    options = {
        "host": "localhost",
        "port": server.port,
        "username": server.user,
        "password": server.password,
        "ssl": True,
        "ssl_ca_certs": str(server.ca_file),
        "retry": _NO_RETRY,
    }
    return options | changed


def _cluster_client(server: ClusterRedisServer, **changed: Any) -> RedisCluster:
    return RedisCluster(**_options(server, **changed))


def _node_client(server: ClusterRedisServer, **changed: Any) -> Redis:
    return Redis(**_options(server, **changed))


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


async def test_cluster_answers(cluster_redis: ClusterRedisServer) -> None:
    async with _cluster_client(cluster_redis) as client:
        assert await client.ping()
        await client.set("danmu:key", "value")
        assert await client.get("danmu:key") == b"value"


@pytest.mark.parametrize("_round", [1, 2])
async def test_each_test_gets_an_empty_cluster(cluster_redis: ClusterRedisServer, _round: int) -> None:
    async with _cluster_client(cluster_redis) as client:
        assert await client.dbsize() == 0
        await client.set("danmu:left", "behind")


async def test_cluster_refuses_keys_of_two_slots(cluster_redis: ClusterRedisServer) -> None:
    async with _node_client(cluster_redis) as client:
        assert await client.mget("danmu:{one}:a", "danmu:{one}:b") == [None, None]
        with pytest.raises(ResponseError, match="same slot"):
            await client.mget("danmu:one", "danmu:two")


async def test_cluster_runs_scripts_and_publishes(cluster_redis: ClusterRedisServer) -> None:
    async with _cluster_client(cluster_redis) as client:
        digest = await client.script_load("return redis.call('incr', KEYS[1])")
        assert await client.evalsha(digest, 1, "danmu:count") == 1
        async with client.pubsub() as listener:
            await listener.ssubscribe("danmu:news")
            await client.spublish("danmu:news", "hello")


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "elsewhere"),
        ("PUBLISH", "elsewhere", "hello"),
        ("KEYS", "*"),
        ("FLUSHALL",),
        ("CONFIG GET", "*"),
        ("INFO",),
    ],
    ids=" ".join,
)
async def test_cluster_grants_one_prefix_and_ordinary_commands(
    cluster_redis: ClusterRedisServer, command: tuple[str, ...]
) -> None:
    async with _cluster_client(cluster_redis) as client:
        with pytest.raises(NoPermissionError):
            await client.execute_command(*command)


@pytest.mark.parametrize("password", ["wrong", None])
async def test_cluster_refuses_who_has_not_the_password(
    cluster_redis: ClusterRedisServer, password: str | None
) -> None:
    async with _node_client(cluster_redis, password=password) as client:
        with pytest.raises(AuthenticationError):
            await client.ping()


async def test_cluster_refuses_plain_tcp(cluster_redis: ClusterRedisServer) -> None:
    async with Redis(host="localhost", port=cluster_redis.port, retry=_NO_RETRY) as client:
        with pytest.raises(RedisConnectionError):
            await client.ping()


async def test_cluster_is_trusted_by_its_own_authority_only(cluster_redis: ClusterRedisServer) -> None:
    async with _node_client(cluster_redis, ssl_ca_certs=None) as client:
        with pytest.raises(RedisConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.ping()


async def test_cluster_hangs_recovers_and_restarts(own_cluster_redis: ClusterRedisServer) -> None:
    server = own_cluster_redis
    async with _cluster_client(server, socket_timeout=_SHORT_S) as client:
        await client.set("danmu:key", "value")
        server.pause()
        with pytest.raises(RedisError):
            await client.get("danmu:key")
        server.resume()
        assert await client.get("danmu:key") == b"value"
        server.stop()
        with pytest.raises(RedisError):
            await client.get("danmu:key")
        server.start()
        assert await client.get("danmu:key") is None


def test_cluster_url_says_all_but_whom_to_trust(cluster_redis: ClusterRedisServer) -> None:
    url = urlsplit(cluster_redis.url)
    assert (url.scheme, url.hostname, url.port) == ("rediss+cluster", "localhost", cluster_redis.port)
    assert (url.username, url.password) == (cluster_redis.user, cluster_redis.password)


@pytest.mark.skipif(not shutil.which("setpriv"), reason="only Linux ends a process with its parent")
def test_server_ends_with_tests_that_are_killed(tmp_path: Path) -> None:
    program()
    tests = subprocess.Popen(
        [sys.executable, "-c", _TESTS_THAT_HANG, tmp_path],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with tests:
        assert tests.stdout
        port = int(tests.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            assert connection.recv(100) == b"+PONG\r\n"
            tests.kill()
            assert connection.recv(1) == b""


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
