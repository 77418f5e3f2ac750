"""What clients without manners send, as bytes."""

import contextlib
import logging
import os
import socket
from collections.abc import Callable

import httpx
import psutil
import pytest

from infra.local import websocket_protocol
from infra.local.websocket_protocol import MAX_FRAME_BYTES, MAX_MESSAGE_BYTES
from tests.builders.until import until
from tests.builders.websocket_site import (
    BINARY,
    CLOSE,
    FIN,
    PING,
    PONG,
    TEXT,
    RawClient,
    Site,
    frame,
    upgrade_request,
)

StartWebSocket = Callable[..., Site]
CONTINUATION = 0


@pytest.fixture(scope="module")
def site(start_websocket: StartWebSocket) -> Site:
    return start_websocket()


@pytest.fixture(autouse=True)
def short_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_protocol, "CLOSE_S", 0.5)


@pytest.fixture
def client(site: Site) -> RawClient:
    raw = site.open_raw()
    site.handler.next("$connect")
    return raw


def send_message(client: RawClient, *sizes: int) -> None:
    for position, size in enumerate(sizes):
        is_last = position == len(sizes) - 1
        client.send(CONTINUATION if position else TEXT, b"x" * size, fin=is_last)


def assert_closed(site: Site, client: RawClient, code: int) -> None:
    with client:
        assert client.read_close() == code
        assert client.read_rest() == b""
    assert site.handler.next_close()[0] == code


def test_the_largest_frame_and_the_largest_message_pass(site: Site, client: RawClient) -> None:
    send_message(client, MAX_FRAME_BYTES)
    assert len(site.handler.next_body()) == MAX_FRAME_BYTES
    send_message(client, *[MAX_FRAME_BYTES] * 4)
    assert len(site.handler.next_body()) == MAX_MESSAGE_BYTES
    client.send(CLOSE, b"\x03\xe8")
    assert_closed(site, client, 1000)


@pytest.mark.parametrize(
    "sizes", [(MAX_FRAME_BYTES + 1,), (1, MAX_FRAME_BYTES + 1), (*[MAX_FRAME_BYTES] * 4, 1), (2_000_000,)]
)
def test_more_is_closed_with_1009_and_the_client_gets_to_read_it(
    site: Site, client: RawClient, sizes: tuple[int, ...]
) -> None:
    send_message(client, *sizes)
    assert_closed(site, client, 1009)


def test_a_frame_is_refused_by_its_announced_length(site: Site, client: RawClient) -> None:
    client.socket.sendall(frame(TEXT, b"x" * 70_000)[:14])
    assert_closed(site, client, 1009)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(TEXT, b"\xe4\xb8", fin=False) + frame(CONTINUATION, b"\xff"), 1007),
        (frame(BINARY, b"\xff"), 1003),
        (frame(3, b"x"), 1002),
        (frame(CONTINUATION, b"x"), 1002),
        (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), 1002),
        (frame(PING, b"x", fin=False), 1002),
        (frame(PING, b"x" * 126), 1002),
        (bytes([FIN | TEXT | 0x40, 0x80, 0, 0, 0, 0]), 1002),
        (bytes([FIN | TEXT, 1, 120]), 1002),
        (frame(CLOSE, b"\x00"), 1002),
        (frame(CLOSE, b"\x03\xed"), 1002),
    ],
)
def test_malformed_frames_are_closed_with_their_code(
    site: Site, client: RawClient, data: bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    client.socket.sendall(data)
    assert_closed(site, client, code)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_character_may_be_split_between_frames(site: Site, client: RawClient) -> None:
    world = "世".encode()
    client.send(TEXT, world[:1], fin=False)
    client.send(PING, b"between")
    assert client.read_frame() == (PONG, b"between")
    client.send(CONTINUATION, world[1:])
    assert site.handler.next_body() == "世"
    client.reset()
    site.handler.next("$disconnect")


def test_a_close_frame_without_a_status_is_1005(site: Site, client: RawClient) -> None:
    client.send(CLOSE)
    assert site.handler.next_close() == (1005, "Client-side close frame status not set")
    client.reset()


def test_half_a_frame_and_then_nothing_is_an_abnormal_end(site: Site, client: RawClient) -> None:
    client.socket.sendall(frame(TEXT, b"x" * 100)[:50])
    client.socket.shutdown(socket.SHUT_WR)
    assert site.handler.next_close() == (1006, "")
    client.reset()


def test_empty_fragments_are_not_kept(site: Site, client: RawClient) -> None:
    client.send(TEXT, b"a", fin=False)
    before = psutil.Process(os.getpid()).memory_info().rss
    for _ in range(40):
        client.socket.sendall(frame(CONTINUATION, fin=False) * 5_000)
    client.send(CONTINUATION, b"b")
    assert site.handler.next_body() == "ab"
    assert psutil.Process(os.getpid()).memory_info().rss - before < 20_000_000
    client.reset()
    site.handler.next("$disconnect")


def test_pongs_that_nobody_reads_are_not_kept(site: Site) -> None:
    client = site.open_raw(receive_buffer_bytes=4096)
    site.handler.next("$connect")
    before = psutil.Process(os.getpid()).memory_info().rss
    for _ in range(400):
        client.socket.sendall(frame(PING, b"x" * 125) * 400)  # 21 MB
    client.send(TEXT, b"still heard")
    assert site.handler.next_body() == "still heard"
    assert psutil.Process(os.getpid()).memory_info().rss - before < 10_000_000
    client.reset()
    site.handler.next("$disconnect")


async def test_a_client_that_closes_and_reads_nothing_cannot_stay(start_websocket: StartWebSocket) -> None:
    site = start_websocket(outgoing_buffer_bytes=MAX_MESSAGE_BYTES)
    with site.open_raw(receive_buffer_bytes=4096) as client:
        connection_id = site.handler.next("$connect")["requestContext"]["connectionId"]
        async with httpx.AsyncClient() as poster:
            while (await poster.post(site.management(connection_id), content=b"x" * 30_000)).status_code == 200:
                pass
        client.send(CLOSE)
        assert site.handler.next_close()[0] == 1005
        peer = client.socket.getsockname()
        process = psutil.Process(os.getpid())
        await until(lambda: all(connection.raddr != peer for connection in process.net_connections("tcp")))


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (upgrade_request(method=b"POST"), b"405"),
        (upgrade_request(extra=b"Content-Length: 5\r\n") + b"hello", b"400"),
        (upgrade_request().replace(b"13\r\n", b"8\r\n"), b"400"),
        (upgrade_request().replace(b"am5ubWVpbHd3bmNyYXF0ag==", b"short"), b"400"),
        (upgrade_request(path=b"/ws?" + b"x" * 9_000), b"414"),
        (upgrade_request(extra=b"X: " + b"x" * 9_000 + b"\r\n"), b"431"),
        (upgrade_request(extra=b"".join(b"X%d: x\r\n" % number for number in range(200))), b"431"),
        (upgrade_request(extra=b"X: " + b"x" * 100_000 + b"\r\n"), b"4"),
        (upgrade_request(extra=b"X\xff: x\r\n"), b"400"),
    ],
)
def test_a_handshake_that_cannot_be_is_answered_and_hung_up_on(site: Site, request_bytes: bytes, status: bytes) -> None:
    with RawClient(site.address) as client:
        client.socket.sendall(request_bytes)
        assert client.read_head().startswith(b"HTTP/1.1 " + status)
        with contextlib.suppress(ConnectionResetError):  # what was too much may lie unread
            client.read_rest()
    assert site.handler.events.empty()


@pytest.mark.parametrize(
    "extra", [b"Origin: \xff\xfe\r\n", b"User-Agent:\r\n", b"Sec-WebSocket-Protocol: ,, ,\r\n", b"X: y\r\n" * 100]
)
def test_a_handshake_may_be_odd(site: Site, extra: bytes) -> None:
    with RawClient(site.address) as client:
        client.socket.sendall(upgrade_request(path=b"/ws?%ff=%&&=", extra=extra))
        head = client.read_head()
        assert head.startswith((b"HTTP/1.1 101", b"HTTP/1.1 400"))
        if head.startswith(b"HTTP/1.1 101"):
            site.handler.next("$connect")
    if head.startswith(b"HTTP/1.1 101"):
        site.handler.next("$disconnect")


def test_a_handshake_that_is_cut_short_leaves_nothing(site: Site) -> None:
    for count in (1, 50, len(upgrade_request()) - 1):
        with RawClient(site.address) as client:
            client.socket.sendall(upgrade_request()[:count])
            client.reset()
    client = site.open_raw()
    site.handler.next("$connect")
    client.reset()
    site.handler.next("$disconnect")
    assert not site.api.connections
    assert site.handler.events.empty()


def test_a_flood_of_what_is_no_request_harms_nobody_else(site: Site, client: RawClient) -> None:
    flood = frame(TEXT, b"{") * 1_000
    client.socket.sendall(flood)
    other, connection_id = RawClient(site.address), ""
    other.socket.sendall(upgrade_request())
    assert other.read_head().startswith(b"HTTP/1.1 101")
    bodies = 0
    while bodies < 1_000 or not connection_id:
        event = site.handler.events.get(timeout=20)
        bodies += event.get("body") == "{"
        if event["requestContext"]["routeKey"] == "$connect":
            connection_id = event["requestContext"]["connectionId"]
    assert site.post(connection_id, b"still served") == 200
    assert other.read_frame() == (TEXT, b"still served")
    for leaving in (client, other):
        leaving.reset()
        site.handler.next("$disconnect")
