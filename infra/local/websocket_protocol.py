"""WebSocket on the wire: uvicorn's protocol over ``websockets``, with API Gateway's sizes and nobody able to stay.

uvicorn's own class trusts its clients a little too much: one that stops reading keeps its connection for ever, one
that pings without reading fills the memory with pongs, empty fragments pile up, a handshake that cannot be read gets no
answer, and a client whose message was refused mostly sees a reset instead of the close frame. It also has no limit for
a frame, only for a message. The tests hold every one of these to raw sockets, so that an upgrade that renames what is
overridden here is noticed.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame

# API Gateway's quotas "Message payload size" and "WebSocket frame size".
MAX_MESSAGE_BYTES = 128 * 1024
MAX_FRAME_BYTES = 32 * 1024

# How long a closing connection may take to say goodbye, and to read what was sent before.
CLOSE_S = 2.0


_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class GatewayWebSocketProtocol(WebSocketsSansIOProtocol):
    """One TCP connection that was upgraded."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # Checked against the announced length, so nothing too big is held.
        self.conn.max_message_size, self.conn.max_fragment_size = MAX_MESSAGE_BYTES, MAX_FRAME_BYTES
        self.close_timeout = CLOSE_S
        self._abort_timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client; answer also a handshake that ``websockets`` cannot read."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated and not self.disconnected:
            self.transport.write(b"".join(self.conn.data_to_send()) or _BAD_REQUEST)
            self.handshake_complete = self.close_sent = True
            self._close_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        """The TCP connection is gone."""
        super().connection_lost(exc)
        if self._abort_timer is not None:
            self._abort_timer.cancel()
            self._abort_timer = None

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment. An empty one adds nothing to a message, however many come."""
        if event.data or event.fin:
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping, unless the client does not read what it is sent anyway."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def send_receive_event_to_app(self) -> None:
        """Pass a message on, or hang up on text that is none without a word in the log."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError as exc:
                self.frames = []
                self.conn.fail(CloseCode.INVALID_DATA, exc.reason)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Say what is wrong and hang up.

        Closing at once would answer what the client still sends with a reset, which takes the close frame with it. So
        only our half is closed, and the rest is read and dropped for a moment.
        """
        if self.close_sent:
            return
        close = self.conn.close_sent
        code, reason = (close.code, close.reason) if close else (CloseCode.ABNORMAL_CLOSURE, "")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.read_paused = False
        self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    async def run_asgi(self) -> None:
        """Run the application; when it is done, so is the connection, read or not."""
        await super().run_asgi()
        self._abort_later()

    async def send(self, message: Any) -> None:
        """Send one ASGI message.

        Raises:
            ClientDisconnected: The connection is closed or closing.
        """
        if message["type"] == "websocket.close" and self.handshake_complete and not self.writable.is_set():
            self.transport.abort()  # A client that reads nothing would not read this either.
            return
        await self.writable.wait()
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def shutdown(self) -> None:
        """The server stops: whatever the client said last is not begun any more."""
        if self.handshake_complete:
            while not self.queue.empty():
                self.queue.get_nowait()
        super().shutdown()
        self._abort_later()

    def _close_soon(self) -> None:
        self.transport.close()
        self._abort_later()

    def _abort_later(self) -> None:
        """Give what is still to be sent a moment. ``transport.close`` alone would wait for ever."""
        if self._abort_timer is None and not self.disconnected:
            self._abort_timer = self.loop.call_later(self.close_timeout, self.transport.abort)
