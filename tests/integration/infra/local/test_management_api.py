import http.client
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from infra.local.management_api import MAX_DATA_BYTES, ManagementApi
from infra.local.websocket_connections import Connections
from tests.builders.websocket_site import Site

StartWebSocket = Callable[..., Site]


@pytest.fixture(scope="module")
def site(start_websocket: StartWebSocket) -> Site:
    return start_websocket()


@pytest.fixture
def open_connection(site: Site) -> Iterator[tuple[ClientConnection, str]]:
    client, connection_id = site.open()
    with client:
        yield client, connection_id
    site.handler.next("$disconnect")


PASSWORD = "Basic Z2F0ZXdheTpzZWNyZXQ="


@pytest.mark.parametrize(
    ("source_ip", "headers", "status"),
    [
        ("127.0.0.1", {"host": "127.0.0.1:8000"}, 410),
        ("192.0.2.7", {"authorization": PASSWORD}, 410),
        ("192.0.2.7", {"host": "127.0.0.1:8000"}, 403),
        ("192.0.2.7", {"authorization": "Basic Z2F0ZXdheTp3cm9uZw=="}, 403),
        ("192.0.2.7", {"authorization": "B\xe4sic"}, 403),
        ("192.0.2.7", {"authorization": PASSWORD, "origin": "http://192.0.2.1:8000"}, 403),
        ("127.0.0.1", {"host": "127.0.0.1:8000", "x-forwarded-for": "198.51.100.1"}, 403),
        ("127.0.0.1", {"host": "evil.example:8000"}, 403),
        ("192.0.2.1", {}, 403),
    ],
)
async def test_only_programs_on_this_machine_and_who_has_the_password_may_call(
    source_ip: str, headers: dict[str, str], status: int
) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "method": "GET",
        "path_params": {"connection_id": "nobody"},
        "client": (source_ip, 50_000),
        "server": ("192.0.2.1", 8000),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }
    await ManagementApi(Connections(), PASSWORD)(scope, receive, send)
    assert sent[0]["status"] == status


@pytest.fixture(scope="module")
def sdk(site: Site) -> Any:
    """AWS's own client for the API."""
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=site.base_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_what_is_posted_arrives_in_order_as_text(site: Site, open_connection: tuple[ClientConnection, str]) -> None:
    client, connection_id = open_connection
    texts = ["first", "", "世界", "x" * MAX_DATA_BYTES]
    for text in texts:
        assert site.post(connection_id, text.encode()) == 200
    assert [client.recv(timeout=20) for _ in texts] == texts


def test_the_aws_sdk_posts_reads_and_deletes(sdk: Any, open_connection: tuple[ClientConnection, str]) -> None:
    client, connection_id = open_connection
    before = datetime.now(UTC)
    sdk.post_to_connection(ConnectionId=connection_id, Data=b"hello")
    assert client.recv(timeout=20) == "hello"
    found = sdk.get_connection(ConnectionId=connection_id)
    assert found["Identity"]["SourceIp"] == "127.0.0.1"
    assert found["Identity"]["UserAgent"].startswith("Python/")
    assert abs((found["ConnectedAt"] - before).total_seconds()) < 20
    assert found["LastActiveAt"] >= found["ConnectedAt"]
    sdk.delete_connection(ConnectionId=connection_id)
    with pytest.raises(ConnectionClosed):
        client.recv(timeout=20)
    with pytest.raises(sdk.exceptions.GoneException):
        sdk.post_to_connection(ConnectionId=connection_id, Data=b"too late")


@pytest.mark.parametrize("call", ["get_connection", "delete_connection", "post_to_connection"])
def test_an_unknown_connection_is_gone_to_the_aws_sdk(sdk: Any, call: str) -> None:
    data = {"Data": b"x"} if call == "post_to_connection" else {}
    with pytest.raises(sdk.exceptions.GoneException) as gone:
        getattr(sdk, call)(ConnectionId="IU3kkeN4IAMCJwA=", **data)
    assert gone.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410


def test_too_much_is_too_large_to_the_aws_sdk(sdk: Any, open_connection: tuple[ClientConnection, str]) -> None:
    with pytest.raises(sdk.exceptions.PayloadTooLargeException) as refused:
        sdk.post_to_connection(ConnectionId=open_connection[1], Data=b"x" * (MAX_DATA_BYTES + 1))
    assert str(MAX_DATA_BYTES) in refused.value.response["Error"]["Message"]


def test_what_is_no_utf_8_is_refused(sdk: Any, open_connection: tuple[ClientConnection, str]) -> None:
    with pytest.raises(ClientError) as refused:
        sdk.post_to_connection(ConnectionId=open_connection[1], Data=b"\xff")
    assert refused.value.response["Error"]["Code"] == "BadRequestException"


def test_a_client_that_does_not_read_is_said_to_be_full_and_delays_nobody(start_websocket: StartWebSocket) -> None:
    site = start_websocket(outgoing_buffer_bytes=MAX_DATA_BYTES)
    reading, reading_id = site.open()
    with reading, site.open_raw(receive_buffer_bytes=4096) as stuck:
        stuck_id = site.handler.next("$connect")["requestContext"]["connectionId"]
        data = b"x" * 30_000
        accepted = 0
        with httpx.Client() as poster:
            while (answer := poster.post(site.management(stuck_id), content=data)).status_code == 200:
                accepted += 1
                assert accepted < 1000  # what sockets hold is for the system to say, but not 30 MB
            assert answer.status_code == 429
            assert answer.headers["x-amzn-errortype"] == "LimitExceededException"
            assert answer.content == b""
        assert site.post(reading_id, b"you are not held up") == 200
        assert reading.recv(timeout=20) == "you are not held up"
        for _ in range(accepted):
            assert stuck.read_frame()[1] == data
        assert site.post(stuck_id, b"room again") == 200
        assert stuck.read_frame()[1] == b"room again"


def test_a_client_that_does_not_read_is_closed_all_the_same(start_websocket: StartWebSocket) -> None:
    site = start_websocket(outgoing_buffer_bytes=MAX_DATA_BYTES)
    with site.open_raw(receive_buffer_bytes=4096):
        connection_id = site.handler.next("$connect")["requestContext"]["connectionId"]
        with httpx.Client() as poster:
            while poster.post(site.management(connection_id), content=b"x" * 30_000).status_code == 200:
                pass
        assert httpx.delete(site.management(connection_id)).status_code == 204
        site.handler.next("$disconnect")
        assert site.post(connection_id, b"x") == 410


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "null"},
        {"sec-fetch-site": "same-origin"},
        {"host": "evil.example"},
        {"x-forwarded-for": "10.0.0.1"},
        {"via": "1.1 proxy"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_pages_and_strangers_are_refused(
    site: Site, open_connection: tuple[ClientConnection, str], method: str, headers: dict[str, str]
) -> None:
    response = httpx.request(method, site.management(open_connection[1]), headers=headers)
    assert response.status_code == 403
    assert response.headers["x-amzn-errortype"] == "ForbiddenException"


def test_other_methods_are_refused_and_deeper_paths_are_not_ours(
    site: Site, open_connection: tuple[ClientConnection, str]
) -> None:
    url = site.management(open_connection[1])
    assert httpx.put(url, content=b"x").status_code == 405
    assert httpx.get(url + "/more").status_code == 404
    assert httpx.get(f"{site.base_url}/@connections/").status_code == 404


def test_an_id_may_be_quoted_or_not(site: Site, open_connection: tuple[ClientConnection, str]) -> None:
    client, connection_id = open_connection
    host, port = site.address
    connection = http.client.HTTPConnection(host, port, timeout=20)
    for path in (f"/@connections/{connection_id}", f"/%40connections/{connection_id.replace('=', '%3D')}"):
        connection.request("POST", path, body=b"found")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")
        assert client.recv(timeout=20) == "found"
    connection.close()
