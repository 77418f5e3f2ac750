"""Open a client for the URL in the settings. Nothing is sent before its first command."""

from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from danmu_tts.settings import RedisSettings


def connect(settings: RedisSettings, *, beside: Any = None) -> Any:
    """A client of ``redis.asyncio``, or one of fakeredis where there is no URL.

    Args:
        beside: another client of the same settings. The new one is for commands that block, each of which holds a
            connection; where the store is inside this process, it is the same.

    It waits for ever for an answer: only its caller knows whether this process was too busy to read one that was there.

    Raises ImportError where the package is missing.
    """
    if settings.url is None:
        return beside or _embedded()
    from redis.asyncio import Redis, RedisCluster
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    url = settings.url.get_secret_value()
    scheme = urlsplit(url).scheme
    options: dict[str, Any] = {
        "protocol": 2,  # one shape of answers, whoever answers
        "socket_timeout": None,
        "socket_connect_timeout": settings.connect_timeout_ms / 1000,  # and for TLS to say goodbye
        "max_connections": settings.max_connections if beside is None else 1000,
    }
    if scheme.startswith("rediss") and settings.ca_file:
        options["ssl_ca_certs"] = str(settings.ca_file)
    if settings.iam_cache_name:
        from danmu_tts.adapters.redis.iam import IamLogin

        options["credential_provider"] = IamLogin(
            settings.iam_cache_name, urlsplit(url).username or "default", serverless=settings.iam_serverless
        )
        url = _without_login(url)
    if scheme.endswith("+cluster"):
        # One second look at who has the slot; the deadline is around everything.
        client: Any = RedisCluster.from_url(url.replace("+cluster", "", 1), retry=Retry(NoBackoff(), 1), **options)
    else:
        client = Redis.from_url(url, retry=Retry(NoBackoff(), 0), **options)
    if scheme.startswith("rediss"):
        _use_own_tls(client)
    return client


def _use_own_tls(client: Any) -> None:
    from danmu_tts.adapters.redis.tls import TlsConnection

    if pool := getattr(client, "connection_pool", None):
        pool.connection_class = TlsConnection
        return
    client.connection_kwargs["connection_class"] = TlsConnection  # of the nodes that it will discover
    for node in client.nodes_manager.startup_nodes.values():
        node.connection_class = TlsConnection


async def disconnect(client: Any) -> None:
    """Give a client's connections back. Those whose server does not say goodbye in time are left to the system."""
    from redis.exceptions import RedisError

    closings = [client.aclose]
    if nodes := getattr(client, "nodes_manager", None):
        # After a command that failed, aclose() of redis-py 8 believes that a cluster's client has no connections.
        closings += [nodes.aclose, partial(nodes.aclose, "startup_nodes")]
    for close in closings:
        with suppress(RedisError):
            await close()


def _embedded() -> Any:
    from fakeredis import FakeAsyncRedis

    return FakeAsyncRedis()


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
