"""API Gateway's WebSocket API and Lambda on one machine: WebSocket in, the handler that Lambda would call, nothing out.

What a handler has to say to a client it posts to ``/@connections`` (management_api). What differs from AWS:

- No pings are sent: AWS documents none, and a dead TCP connection is found by the limit for idle ones, as there.
- Where AWS throttles and answers "Too Many Requests", here the client is read from later.
- Compression (permessage-deflate) is not agreed on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Callable, Collection
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from danmu_tts.background import Background
from danmu_tts.observability import get_logger
from infra.local.invocations import Failure, Invocations, LambdaHandler
from infra.local.websocket_connections import BufferFullError, Connection, Connections, GoneError, WebSocketLimits
from infra.local.websocket_events import (
    CONNECT,
    DEFAULT,
    DISCONNECT,
    disconnect_event,
    message_event,
    new_id,
    select_route,
)
from infra.local.websocket_handshakes import HandshakeRefusedError, Handshakes, read_handshake, send_refusal

logger = get_logger("gateway")

# Who leaves must not wait for those who stay and are busy.
_FAREWELL_SLOTS = 64
_ABNORMAL_CLOSURE = 1006
_UNSUPPORTED_DATA = 1003
_SERVICE_RESTART = 1012
_NO_STATUS = 1005


class WebSocketApi:
    """The ASGI endpoint of a WebSocket API, for every path that it is mounted at.

    Attributes:
        connections: The open connections.
    """

    def __init__(
        self,
        handler: LambdaHandler,
        *,
        authorizer: LambdaHandler | None = None,
        routes: Collection[str] = (CONNECT, DISCONNECT, DEFAULT),
        limits: WebSocketLimits | None = None,
        epoch_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = time.monotonic,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Take what a WebSocket API is made of.

        Args:
            handler: Gets every event, in worker threads.
            authorizer: A REQUEST authorizer on ``$connect``; None lets everybody ask the handler.
            routes: The keys of the routes that exist, which ``$request.body.action`` selects from.
            limits: Time, numbers and sizes.
            epoch_s: Seconds since 1970-01-01 UTC.
            monotonic_s: Seconds of a clock that never goes back, which handlers are told their deadline by.
            random_bytes: So many random bytes, of which ids are made.
        """
        self.connections = Connections()
        self._handler = handler
        self._routes = frozenset(routes)
        self._limits = limits or WebSocketLimits()
        self._epoch_s = epoch_s
        self._random_bytes = random_bytes
        self._background = Background()

        def invocations(concurrency: int) -> Invocations:
            return Invocations(
                concurrency=concurrency,
                timeout_s=self._limits.integration_timeout_s,
                monotonic_s=monotonic_s,
                random_bytes=random_bytes,
            )

        self._invocations = invocations(self._limits.concurrency)
        self._farewells = invocations(_FAREWELL_SLOTS)
        self._handshakes = Handshakes(handler, authorizer, self._invocations, epoch_s, random_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection from its handshake to its ``$disconnect``."""
        await receive()  # websocket.connect, the only thing that can come first
        try:
            session, subprotocol = await self._handshakes.decide(read_handshake(scope))
        except HandshakeRefusedError as refusal:
            with contextlib.suppress(OSError):
                await send_refusal(refusal, request_id=new_id(self._random_bytes), send=send)
            return
        except asyncio.CancelledError:  # the server stops, and has hung up already
            return
        connection = Connection(session, send, limits=self._limits, background=self._background)
        code, reason = _ABNORMAL_CLOSURE, ""
        try:
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
            self.connections.add(connection)
            code, reason = await self._read(connection, receive)
        except OSError:
            pass  # gone before it was accepted
        except asyncio.CancelledError:  # the server stops, or closed a connection that it was not reading from
            code, reason = connection.closed_with or (_SERVICE_RESTART, "")
        connection.forget()
        self.connections.remove(connection)
        with contextlib.suppress(asyncio.CancelledError):  # the server stops and has waited as long as it would
            await self._say_disconnected(connection, code, reason)

    async def _read(self, connection: Connection, receive: Receive) -> tuple[int, str]:
        """Start a handler for each message until there are no more; return the close code and its reason."""
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return _close_status(message)
            connection.touch()
            text = message.get("text")
            if text is None:
                # AWS's guide: API Gateway "doesn't support binary frames in incoming message payloads" and
                # disconnects the client with this code.
                connection.close(_UNSUPPORTED_DATA, "Binary frames are not supported")
            elif connection.closed_with is None:
                await self._serve(connection, text)

    async def _serve(self, connection: Connection, text: str) -> None:
        request_id = new_id(self._random_bytes)
        route_key = select_route(text, self._routes)
        if route_key is None:
            self._answer(connection, "Forbidden", request_id)
            return
        await self._wait_for_room(connection)
        event = message_event(
            connection.session,
            text,
            route_key=route_key,
            message_id=new_id(self._random_bytes),
            request_id=request_id,
            epoch_ms=int(self._epoch_s() * 1000),
        )
        self._start_handler(connection, event, request_id)

    async def _wait_for_room(self, connection: Connection) -> None:
        """Wait until a handler may start. Nothing is read meanwhile, so TCP holds the client back."""
        reader = asyncio.current_task()
        connection.on_close = reader.cancel if reader else None
        try:
            while connection.in_flight >= self._limits.in_flight_per_connection:
                connection.room = asyncio.get_running_loop().create_future()
                await connection.room
            await self._invocations.take_slot()
        finally:
            connection.on_close = None

    def _start_handler(self, connection: Connection, event: dict[str, Any], request_id: str) -> None:
        is_late = False

        def overrun() -> None:
            nonlocal is_late
            is_late = True
            logger.error("Request %s took longer than %g s", request_id, timeout_s)
            self._answer(connection, "Endpoint request timed out", request_id)

        def ended(task: asyncio.Task[object]) -> None:
            timer.cancel()
            connection.in_flight -= 1
            if connection.room is not None and not connection.room.done():
                connection.room.set_result(None)
            if not is_late and not task.cancelled() and self._has_failed(task.result(), request_id):
                self._answer(connection, "Internal server error", request_id)

        connection.in_flight += 1
        timeout_s = self._limits.integration_timeout_s
        timer = asyncio.get_running_loop().call_later(timeout_s, overrun)
        self._invocations.start(self._handler, event).add_done_callback(ended)

    def _has_failed(self, result: object, request_id: str) -> bool:
        if isinstance(result, Failure):
            logger.error("Request %s: the handler failed", request_id, exc_info=result.error)
            return True
        status = result.get("statusCode") if isinstance(result, dict) else None
        return isinstance(status, int) and status >= 500

    def _answer(self, connection: Connection, message: str, request_id: str) -> None:
        """Tell the client in API Gateway's own words, unless it is gone or does not read."""
        connection_id = connection.session.connection_id
        frame = {"message": message, "connectionId": connection_id, "requestId": request_id}
        with contextlib.suppress(GoneError, BufferFullError):
            connection.post(json.dumps(frame).encode())

    async def _say_disconnected(self, connection: Connection, code: int, reason: str) -> None:
        request_id = new_id(self._random_bytes)
        epoch_ms = int(self._epoch_s() * 1000)
        event = disconnect_event(connection.session, code=code, reason=reason, request_id=request_id, epoch_ms=epoch_ms)
        try:
            self._has_failed(await self._farewells.invoke(self._handler, event), request_id)
        except TimeoutError:
            logger.error("$disconnect of %s took too long", connection.session.connection_id)


def _close_status(message: Message) -> tuple[int, str]:
    code, reason = message.get("code", _NO_STATUS), message.get("reason")
    # uvicorn tells a TCP connection that ended without a close frame as 1005, the code of a close frame without one;
    # only what came in a close frame has a reason, be it empty.
    if code == _NO_STATUS and reason is None:
        return _ABNORMAL_CLOSURE, ""
    return code, reason or ""
