"""Real servers for any test: one a session, emptied for each test; or one of the test's own, to stop and pause."""

from collections.abc import Iterator

import pytest

from tests.servers.redis_server import ClusterRedisServer, RedisServer
from tests.servers.s3_server import ENVIRONMENT, S3Server


@pytest.fixture(scope="session")
def plain_redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("plain-redis")) as server:
        yield server


@pytest.fixture
def plain_redis(plain_redis_server: RedisServer) -> RedisServer:
    """Empty. Leave it running: other tests share it."""
    plain_redis_server.flush()
    return plain_redis_server


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The test's own, to stop and pause."""
    with RedisServer(tmp_path_factory.mktemp("own-redis")) as server:
        yield server


@pytest.fixture(scope="session")
def cluster_redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterRedisServer]:
    with ClusterRedisServer(tmp_path_factory.mktemp("cluster-redis")) as server:
        yield server


@pytest.fixture
def cluster_redis(cluster_redis_server: ClusterRedisServer) -> ClusterRedisServer:
    """Empty. Leave it running: other tests share it."""
    cluster_redis_server.flush()
    return cluster_redis_server


@pytest.fixture
def own_cluster_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterRedisServer]:
    """The test's own, to stop and pause. Slow: it starts in 2 s."""
    with ClusterRedisServer(tmp_path_factory.mktemp("own-cluster-redis")) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that open nothing."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def s3(s3_server: S3Server, aws_environment: None) -> S3Server:
    """An empty bucket. Leave it running: other tests share it."""
    s3_server.reset()
    return s3_server


@pytest.fixture
def own_s3(tmp_path_factory: pytest.TempPathFactory, aws_environment: None) -> Iterator[S3Server]:
    """The test's own, to stop and pause."""
    with S3Server(tmp_path_factory.mktemp("own-s3")) as server:
        yield server
