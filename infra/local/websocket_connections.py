"""The open WebSocket connections: what API Gateway knows of each, and what waits to be sent to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from starlette.types import Send

from danmu_tts.background import Background
from infra.local.websocket_events import Session


class GoneError(Exception):
    """The connection is closed, or never was one."""


class BufferFullError(Exception):
    """The client does not read, and no more is held for it."""


@dataclass(frozen=True, slots=True)
class WebSocketLimits:
    """API Gateway's quotas for WebSocket APIs, and what one machine can bear. Sizes are fixed in websocket_protocol.

    Attributes:
        integration_timeout_s: Seconds that a handler may take.
        idle_s: Seconds without a message in either direction until the connection is closed. Pings do not count.
        duration_s: Seconds that a connection may last.
        in_flight_per_connection: Messages of one connection that handlers may work on at once. While so many do, no
            more is read, and TCP holds the client back. Not AWS's: what one client may take of the next limit.
        concurrency: Handlers at work at once for all connections; Lambda's default for an account.
        outgoing_buffer_bytes: What is held for a client that does not read. AWS does not say how much it holds.
    """

    integration_timeout_s: float = 29.0
    idle_s: float = 600.0
    duration_s: float = 7200.0
    in_flight_per_connection: int = 256
    concurrency: int = 1000
    outgoing_buffer_bytes: int = 1024 * 1024


class Connection:
    """One accepted connection. Everything happens on the event loop that serves it.

    Attributes:
        session: What its events say of it.
        in_flight: Messages that handlers work on now.
        room: Set by a reader that waits for ``in_flight`` to fall.
        closed_with: The close code and reason, once the server has decided to close.
        on_close: Called when it decides; set by a reader that waits for something else than the client.
    """

    __slots__ = (
        "__weakref__",
        "_background",
        "_buffered_bytes",
        "_idle_since_s",
        "_is_gone",
        "_limits",
        "_loop",
        "_opened_s",
        "_outgoing",
        "_send",
        "_sending",
        "_timer",
        "closed_with",
        "in_flight",
        "on_close",
        "room",
        "session",
    )

    def __init__(self, session: Session, send: Send, *, limits: WebSocketLimits, background: Background) -> None:
        """Take the connection's half of ASGI and start its clocks; ``forget`` stops them."""
        self.session = session
        self.in_flight = 0
        self.room: asyncio.Future[None] | None = None
        self.closed_with: tuple[int, str] | None = None
        self.on_close: Callable[[], object] | None = None
        self._send = send
        self._limits = limits
        self._background = background
        self._outgoing: deque[tuple[str, int]] = deque()
        self._buffered_bytes = 0
        self._sending = False
        self._is_gone = False
        self._loop = asyncio.get_running_loop()
        self._opened_s = self._idle_since_s = self._loop.time()
        self._timer = self._loop.call_later(min(limits.idle_s, limits.duration_s), self._check_age)

    @property
    def last_active_ms(self) -> int:
        """When the last message went either way, in milliseconds since 1970-01-01 UTC."""
        return self.session.connected_at_ms + int((self._idle_since_s - self._opened_s) * 1000)

    def touch(self) -> None:
        """Note that a message came in."""
        self._idle_since_s = self._loop.time()

    def post(self, data: bytes) -> None:
        """Send one text message, now or when the client has read what is before it.

        Raises:
            GoneError: The connection is closed or closing.
            BufferFullError: Too much waits already.
            UnicodeDecodeError: The data is not UTF-8.
        """
        if self._is_gone:
            raise GoneError
        if self._buffered_bytes + len(data) > self._limits.outgoing_buffer_bytes:
            raise BufferFullError
        self._outgoing.append((data.decode(), len(data)))
        self._buffered_bytes += len(data)
        if not self._sending:
            self._sending = True
            self._background.start(self._drain())

    async def _drain(self) -> None:
        """Send what waits. A task only while there is something, so that a silent connection costs none."""
        try:
            while self._outgoing:
                text, size_bytes = self._outgoing.popleft()
                await self._send({"type": "websocket.send", "text": text})
                self._buffered_bytes -= size_bytes
                self._idle_since_s = self._loop.time()
        except OSError:  # ASGI's word for a client that is gone; the reader hears of it too
            self.forget()
        finally:
            self._sending = False

    def close(self, code: int, reason: str = "") -> None:
        """Close from this side. What still waits to be sent is dropped, and nothing more can be posted."""
        if self._is_gone:
            return
        self.forget()
        self.closed_with = (code, reason)
        self._background.start(self._send_close(code, reason))
        if self.on_close is not None:
            self.on_close()

    async def _send_close(self, code: int, reason: str) -> None:
        with contextlib.suppress(OSError):  # closed already
            await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def forget(self) -> None:
        """Stop the clocks and take nothing more: the connection is gone, or as good as gone."""
        self._is_gone = True
        self._outgoing.clear()
        self._timer.cancel()

    def _check_age(self) -> None:
        now_s = self._loop.time()
        left_s = min(self._idle_since_s + self._limits.idle_s, self._opened_s + self._limits.duration_s) - now_s
        if left_s <= 0:
            self.close(1001, "Going away")
        else:
            self._timer = self._loop.call_later(left_s, self._check_age)


class Connections:
    """The open connections by id."""

    def __init__(self) -> None:
        self._by_id: dict[str, Connection] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._by_id.values())

    def add(self, connection: Connection) -> None:
        """Let it be found."""
        self._by_id[connection.session.connection_id] = connection

    def remove(self, connection: Connection) -> None:
        """Let it be found no more, if it was to be found."""
        self._by_id.pop(connection.session.connection_id, None)

    def get(self, connection_id: str) -> Connection:
        """Return the connection.

        Raises:
            GoneError: There is none of that id.
        """
        connection = self._by_id.get(connection_id)
        if connection is None:
            raise GoneError
        return connection
