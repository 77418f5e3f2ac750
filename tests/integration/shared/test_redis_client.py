"""The client tells a Redis that is away from a loop that was busy, and leaks nothing when it gives up."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.settings import RedisSettings
from tests.builders.until import until
from tests.servers.redis_server import ClusterRedisServer, RedisServer

LIMIT_S = 20
BLOCK_MS = 15_000
CONNECT_MS = 5000


@asynccontextmanager
async def a_client(server: RedisServer, **changed: Any) -> AsyncIterator[RedisClient]:
    """With an operator's defaults, but patient while it connects: this process may share its machine with others."""
    ca_file = server.ca_file if isinstance(server, ClusterRedisServer) else None
    settings = {"url": server.url, "ca_file": ca_file, "connect_timeout_ms": CONNECT_MS} | changed
    client = RedisClient(RedisSettings.model_validate(settings))
    try:
        yield client
    finally:
        await client.close()


def hold_up_the_loop(seconds: float) -> None:
    time.sleep(seconds)


LISTEN = ("XREAD", "BLOCK", BLOCK_MS, "STREAMS", "danmu:nothing", "0-0")


async def test_a_loop_that_stands_still_does_not_make_redis_be_away(plain_redis: RedisServer) -> None:
    async with a_client(plain_redis, timeout_ms=50) as client:
        await client.run("SET", "danmu:key", b"value")
        for turns in range(12):
            answer = asyncio.create_task(client.run("GET", "danmu:key"))
            for _ in range(turns):
                await asyncio.sleep(0)
            hold_up_the_loop(0.2)
            assert await answer == b"value"
        assert client.status == "ok"


async def test_a_wait_that_redis_ends_late_says_nothing_of_redis(plain_redis: RedisServer) -> None:
    async with a_client(plain_redis) as client:
        assert await client.wait(0.01, *LISTEN) is None
        assert client.status == "ok"


async def test_who_waits_is_told_as_soon_as_anybody_finds_redis_away(own_redis: RedisServer) -> None:
    async with a_client(own_redis) as client:
        await client.run("PING")
        waiting = asyncio.create_task(client.wait(BLOCK_MS / 1000, *LISTEN))
        with own_redis.admin() as admin:
            await until(lambda: admin.info("clients")["blocked_clients"] == 1)
        own_redis.pause()
        with pytest.raises(StoreAwayError):
            await client.run("PING")
        with pytest.raises(StoreAwayError):
            async with asyncio.timeout(BLOCK_MS / 3000):
                await waiting


async def test_who_stops_waiting_leaves_no_connection_behind(plain_redis: RedisServer) -> None:
    async with a_client(plain_redis) as client:
        waiting = [asyncio.create_task(client.wait(BLOCK_MS / 1000, *LISTEN)) for _ in range(20)]
        with plain_redis.admin() as admin:
            await until(lambda: admin.info("clients")["blocked_clients"] == 20)
            for each in waiting:
                each.cancel()
            await asyncio.wait(waiting)
            await until(lambda: admin.info("clients")["connected_clients"] == 1)


async def test_who_stops_waiting_before_he_is_connected_leaves_nothing_behind(own_redis: RedisServer) -> None:
    for turns in range(12):
        async with a_client(own_redis) as client:
            waiting = asyncio.create_task(client.wait(BLOCK_MS / 1000, *LISTEN))
            for _ in range(turns):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
    gc.collect()  # which tells of sockets that nobody closed
    with own_redis.admin() as admin:
        await until(lambda: admin.info("clients")["connected_clients"] == 1)


@pytest.mark.parametrize("how", ["stop", "pause"])
async def test_a_cluster_that_goes_away_is_just_away_and_back_again(
    own_cluster_redis: ClusterRedisServer, how: str
) -> None:
    async with a_client(own_cluster_redis, connect_timeout_ms=2000) as client:
        await client.run("SET", "danmu:key", b"value")
        own_cluster_redis.pause() if how == "pause" else own_cluster_redis.stop()
        with pytest.raises(StoreAwayError):
            await client.run("GET", "danmu:key")
        assert client.status == "away"
        own_cluster_redis.resume() if how == "pause" else own_cluster_redis.start()
        await until(lambda: client.status == "ok")
        await client.run("SET", "danmu:key", b"value")
    gc.collect()


async def test_a_client_that_closes_while_its_cluster_is_gone_leaves_no_socket_open(
    own_cluster_redis: ClusterRedisServer,
) -> None:
    async with a_client(own_cluster_redis, connect_timeout_ms=2000) as client:
        await client.run("SET", "danmu:key", b"value")
        own_cluster_redis.stop()
        for _ in range(2):
            with pytest.raises(StoreAwayError):
                await client.run("GET", "danmu:key")
    gc.collect()


async def test_a_client_that_closes_while_its_cluster_hangs_does_not_hang_too(
    own_cluster_redis: ClusterRedisServer,
) -> None:
    async with asyncio.timeout(LIMIT_S), a_client(own_cluster_redis, connect_timeout_ms=1000) as client:
        await client.run("SET", "danmu:key", b"value")
        own_cluster_redis.pause()
        with pytest.raises(StoreAwayError):
            await client.run("GET", "danmu:key")
    own_cluster_redis.resume()
    with own_cluster_redis.admin() as admin:
        await until(lambda: admin.info("clients")["connected_clients"] == 1)
    gc.collect()


async def test_what_a_server_that_hangs_leaves_undone_is_cleared_up_without_its_goodbye(
    own_cluster_redis: ClusterRedisServer,
) -> None:
    async with a_client(own_cluster_redis, timeout_ms=500, connect_timeout_ms=5000) as client:
        await client.run("SET", "danmu:key", b"value")
        own_cluster_redis.pause()
        async with asyncio.timeout(5):
            answers = await asyncio.gather(*(client.run("GET", "danmu:key") for _ in range(9)), return_exceptions=True)
            await client.close()
        assert all(isinstance(each, StoreAwayError) for each in answers)
        own_cluster_redis.resume()


async def test_a_cluster_that_was_never_there_is_away(own_cluster_redis: ClusterRedisServer) -> None:
    own_cluster_redis.stop()
    async with a_client(own_cluster_redis) as client:
        with pytest.raises(StoreAwayError):
            await client.run("GET", "danmu:key")
    gc.collect()


async def test_a_cluster_that_answers_but_has_no_place_for_keys_yet_is_still_away(
    own_cluster_redis: ClusterRedisServer,
) -> None:
    async with a_client(own_cluster_redis, timeout_ms=2000, connect_timeout_ms=2000) as client:
        own_cluster_redis.stop()
        with pytest.raises(StoreAwayError):
            await client.run("GET", "danmu:key")
        starting = asyncio.create_task(asyncio.to_thread(own_cluster_redis.start))
        await until(lambda: client.status == "ok")
        assert await client.run("GET", "danmu:key") is None
        await starting
