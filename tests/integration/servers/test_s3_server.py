"""The S3 server of the tests does what the tests rely on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests.servers.s3_server import BUCKET, S3Server

_SHORT_S = 0.3


@contextmanager
def _client(server: S3Server, timeout_s: float = 5) -> Iterator[Any]:
    once = Config(connect_timeout=5, read_timeout=timeout_s, retries={"total_max_attempts": 1})
    client = boto3.client("s3", endpoint_url=server.url, config=once)
    try:
        yield client
    finally:
        client.close()


def _body(client: Any, key: str) -> bytes:
    with client.get_object(Bucket=BUCKET, Key=key)["Body"] as body:
        return bytes(body.read())


def test_what_was_put_is_got(s3: S3Server) -> None:
    with _client(s3) as client:
        client.put_object(Bucket=BUCKET, Key="audio/one.mp3", Body=b"sound", ContentType="audio/mpeg")
        assert _body(client, "audio/one.mp3") == b"sound"
        assert client.head_object(Bucket=BUCKET, Key="audio/one.mp3")["ContentType"] == "audio/mpeg"


@pytest.mark.parametrize("_round", [1, 2])
def test_each_test_gets_an_empty_bucket(s3: S3Server, _round: int) -> None:
    with _client(s3) as client:
        assert client.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
        client.put_object(Bucket=BUCKET, Key="left", Body=b"behind")


def test_object_is_created_once(s3: S3Server) -> None:
    with _client(s3) as client:
        client.put_object(Bucket=BUCKET, Key="once", Body=b"first", IfNoneMatch="*")
        with pytest.raises(ClientError) as refused:
            client.put_object(Bucket=BUCKET, Key="once", Body=b"second", IfNoneMatch="*")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
        assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
        assert _body(client, "once") == b"first"


async def test_presigned_url_serves_a_range(s3: S3Server) -> None:
    with _client(s3) as client:
        client.put_object(Bucket=BUCKET, Key="long", Body=b"0123456789")
        url = client.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "long"}, ExpiresIn=60)
    async with httpx.AsyncClient(trust_env=False) as player:
        answer = await player.get(url, headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (206, b"234")
    assert answer.headers["Content-Range"] == "bytes 2-4/10"


def test_paused_server_times_out_and_recovers(own_s3: S3Server) -> None:
    with _client(own_s3) as client, _client(own_s3, timeout_s=_SHORT_S) as impatient:
        client.put_object(Bucket=BUCKET, Key="kept", Body=b"sound")
        own_s3.pause()
        with pytest.raises(ReadTimeoutError):
            _body(impatient, "kept")
        own_s3.resume()
        assert _body(client, "kept") == b"sound"


def test_server_restarts_empty_on_the_same_port(own_s3: S3Server) -> None:
    with _client(own_s3) as client:
        client.put_object(Bucket=BUCKET, Key="lost", Body=b"sound")
        own_s3.stop()
        with pytest.raises(EndpointConnectionError):
            _body(client, "lost")
        own_s3.start()
        assert client.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
