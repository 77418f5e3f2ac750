"""Which client a URL opens, and what it is told."""

from typing import Any

import pytest
from fakeredis import FakeAsyncRedis
from pydantic import ValidationError
from redis.asyncio import Redis, RedisCluster

from danmu_tts.adapters.redis.connect import connect
from danmu_tts.adapters.redis.tls import TlsConnection
from danmu_tts.settings import RedisSettings


def opened(**settings: Any) -> Any:
    return connect(RedisSettings.model_validate(settings))


def test_without_a_url_it_is_a_store_inside_this_process() -> None:
    client = opened()
    assert isinstance(client, FakeAsyncRedis)
    assert connect(RedisSettings(), beside=client) is client


def test_a_url_names_host_database_and_login() -> None:
    client = opened(url="redis://danmu:s%40cret@example.com:6380/3")
    assert isinstance(client, Redis)
    told = client.connection_pool.connection_kwargs
    assert (told["host"], told["port"], told["db"]) == ("example.com", 6380, 3)
    assert (told["username"], told["password"]) == ("danmu", "s@cret")


def test_rediss_is_tls_and_trusts_whom_it_is_told_to() -> None:
    client = opened(url="rediss://example.com:6379", ca_file="/etc/ca.pem")
    assert client.connection_pool.connection_class is TlsConnection
    assert client.connection_pool.connection_kwargs["ssl_ca_certs"] == "/etc/ca.pem"


def test_the_authorities_are_read_once_and_not_for_each_connection() -> None:
    pool = opened(url="rediss://example.com:6379").connection_pool
    one, two = pool.make_connection(), pool.make_connection()
    assert one.ssl_context.get() is two.ssl_context.get()
    stranger = opened(url="rediss://example.com:6379?ssl_cert_reqs=none").connection_pool.make_connection()
    assert stranger.ssl_context.get() is not one.ssl_context.get()


@pytest.mark.parametrize(("scheme", "tls"), [("redis+cluster", False), ("rediss+cluster", True)])
def test_a_cluster_is_named_by_the_scheme(scheme: str, tls: bool) -> None:
    client = opened(url=f"{scheme}://danmu:secret@example.com:6379")
    assert isinstance(client, RedisCluster)
    assert client.connection_kwargs["username"] == "danmu"
    assert (client.connection_kwargs.get("connection_class") is TlsConnection) is tls


def test_with_iam_the_urls_password_is_not_sent() -> None:
    client = opened(url="rediss+cluster://danmu:old@example.com:6379", iam_cache_name="my-cache")
    assert client.connection_kwargs["credential_provider"] is not None
    assert client.connection_kwargs["password"] is None


@pytest.mark.parametrize("url", ["", "localhost:6379", "http://localhost", "redis://", "redis+sentinel://x"])
def test_what_is_no_address_of_a_redis_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RedisSettings.model_validate({"url": url})
    assert "redis+cluster" in caught.value.errors()[0]["msg"]


def test_the_password_is_in_no_description_of_the_settings() -> None:
    assert "s3cret" not in repr(RedisSettings.model_validate({"url": "redis://danmu:s3cret@example.com"}))
