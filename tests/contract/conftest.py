"""Redis in its three flavours: inside this process, plain, and as ElastiCache Serverless is."""

from collections.abc import AsyncIterator

import pytest

from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.settings import RedisSettings
from tests.builders.patient import patient_redis
from tests.servers.redis_server import ClusterRedisServer, RedisServer

FLAVOURS = ("embedded", "plain", "cluster")


def redis_settings(flavour: str, request: pytest.FixtureRequest) -> RedisSettings:
    """The time limits are long: these tests are about what is answered."""
    if flavour == "embedded":
        return patient_redis()
    if flavour == "plain":
        plain: RedisServer = request.getfixturevalue("plain_redis")
        return patient_redis(plain.url)
    cluster: ClusterRedisServer = request.getfixturevalue("cluster_redis")
    return patient_redis(cluster.url, ca_file=cluster.ca_file)


@pytest.fixture(params=FLAVOURS)
async def redis(request: pytest.FixtureRequest) -> AsyncIterator[RedisClient]:
    client = RedisClient(redis_settings(request.param, request))
    yield client
    await client.close()
