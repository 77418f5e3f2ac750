"""A WebSocket API behind a real server, and the two kinds of client that it must bear."""

import queue
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import httpx
from websockets.sync.client import ClientConnection, connect

from infra.local.websocket_gateway import WebSocketApi

Event = dict[str, Any]
Reaction = Callable[[Event], object]

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FIN = 0x80


class NoAudioFiles:
    def open_signed(self, key: str, *, expires: str, signature: str) -> NoReturn:
        raise FileNotFoundError(key)


class Handler:
    """A Lambda handler that keeps its events, and does what it is told with each."""

    def __init__(self, react: Reaction | None = None) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self._react = react or (lambda event: {"statusCode": 200})

    def __call__(self, event: Event, context: Any) -> object:
        self.events.put(event)
        return self._react(event)

    def next(self, route_key: str) -> Event:
        """Wait for the next event, which must be of this route."""
        event = self.events.get(timeout=20)
        assert event["requestContext"]["routeKey"] == route_key
        return event

    def next_body(self) -> str:
        body = self.next("$default")["body"]
        assert isinstance(body, str)
        return body

    def next_close(self) -> tuple[int, str]:
        context = self.next("$disconnect")["requestContext"]
        return context["disconnectStatusCode"], context["disconnectReason"]


@dataclass(frozen=True)
class Site:
    base_url: str
    handler: Handler
    api: WebSocketApi

    @property
    def address(self) -> tuple[str, int]:
        url = urlsplit(self.base_url)
        return str(url.hostname), int(url.port or 0)

    def connect(self, query: str = "", *, path: str = "/ws", **options: Any) -> ClientConnection:
        url = self.base_url.replace("http", "ws") + path + query
        # "legacy" lets a connection be had outside of "with"; the rest keeps the client from talking by itself.
        return connect(url, legacy=True, proxy=None, **{"compression": None, "ping_interval": None, **options})

    def open(self) -> tuple[ClientConnection, str]:
        """Connect and return the client and its connection id."""
        client = self.connect()
        return client, self.handler.next("$connect")["requestContext"]["connectionId"]

    def management(self, connection_id: str) -> str:
        return f"{self.base_url}/@connections/{quote(connection_id, safe='')}"

    def post(self, connection_id: str, data: bytes) -> int:
        return httpx.post(self.management(connection_id), content=data).status_code

    def open_raw(self, *, receive_buffer_bytes: int | None = None) -> "RawClient":
        client = RawClient(self.address, receive_buffer_bytes)
        client.socket.sendall(upgrade_request())
        assert client.read_head().startswith(b"HTTP/1.1 101 ")
        return client


class RawClient:
    """A client that has no manners: it sends and reads what it is told to, and nothing by itself."""

    def __init__(self, address: tuple[str, int], receive_buffer_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.settimeout(20)
        self.socket.connect(address)

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *args: object) -> None:
        self.socket.close()

    def read_head(self) -> bytes:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._read_exactly(1)
        return head

    def send(self, opcode: int, payload: bytes = b"", *, fin: bool = True) -> None:
        self.socket.sendall(frame(opcode, payload, fin=fin))

    def read_frame(self) -> tuple[int, bytes]:
        """Return the opcode and the payload of one unfragmented frame."""
        first, length = self._read_exactly(2)
        if length == 126:
            (length,) = struct.unpack("!H", self._read_exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._read_exactly(8))
        return first & 15, self._read_exactly(length)

    def read_close(self) -> int:
        """Return the code of the close frame that comes next."""
        opcode, payload = self.read_frame()
        assert opcode == CLOSE
        code: int = struct.unpack("!H", payload[:2])[0]
        return code

    def read_rest(self) -> bytes:
        """Read until the server hangs up, which must be no reset."""
        return b"".join(iter(lambda: self.socket.recv(65536), b""))

    def reset(self) -> None:
        """Vanish without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _read_exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk = self.socket.recv(count - len(data))
            assert chunk, "the server hung up"
            data += chunk
        return data


def upgrade_request(path: bytes = b"/ws", *, method: bytes = b"GET", extra: bytes = b"") -> bytes:
    return (
        method + b" " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: am5ubWVpbHd3bmNyYXF0ag==\r\nSec-WebSocket-Version: 13\r\n" + extra + b"\r\n"
    )


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """Return one masked frame. The mask is nought, so that the payload goes out as it is."""
    first = opcode | (FIN if fin else 0)
    if len(payload) < 126:
        head = struct.pack("!BB", first, 0x80 | len(payload))
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, len(payload))
    return head + bytes(4) + payload
