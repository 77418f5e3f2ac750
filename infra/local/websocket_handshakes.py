"""How a WebSocket connection begins: the authorizer, then ``$connect``, then yes or no."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from starlette.types import Scope, Send

from danmu_tts.observability import get_logger
from infra.local.authorizer_results import AccessDeniedError, parse_authorizer_result
from infra.local.http_events import MalformedResultError
from infra.local.http_responses import HttpResponse
from infra.local.invocations import Failure, Invocations, LambdaHandler
from infra.local.websocket_events import (
    METHOD_ARN,
    Handshake,
    Session,
    authorizer_event,
    connect_event,
    new_id,
    start_session,
)

logger = get_logger("gateway")

# An authorizer that raises exactly this asks for 401; anything else that it raises is an error of its own.
_UNAUTHORIZED = "Unauthorized"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class HandshakeRefusedError(Exception):
    """The client may not connect.

    Attributes:
        status: The HTTP status of the answer.
    """

    def __init__(self, status: int, message: str | None = None) -> None:
        super().__init__(message if message is not None else _phrase(status))
        self.status = status


@dataclass(frozen=True, slots=True)
class Handshakes:
    """Decides over handshakes.

    Attributes:
        handler: Gets ``$connect``.
        authorizer: Asked first, if there is one.
        invocations: Runs both.
        epoch_s: Seconds since 1970-01-01 UTC.
        random_bytes: So many random bytes, of which ids are made.
    """

    handler: LambdaHandler
    authorizer: LambdaHandler | None
    invocations: Invocations
    epoch_s: Callable[[], float]
    random_bytes: Callable[[int], bytes]

    async def decide(self, handshake: Handshake) -> tuple[Session, str | None]:
        """Return the session that begins, and the subprotocol that the handler chose, if any.

        Raises:
            HandshakeRefusedError: Nothing begins.
        """
        connection_id, now_ms = new_id(self.random_bytes), self._epoch_ms()
        session = start_session(handshake, connection_id=connection_id, epoch_ms=now_ms)
        if self.authorizer is not None:
            session = await self._authorize(self.authorizer, session, handshake)
        request_id = new_id(self.random_bytes)
        event = connect_event(session, handshake, request_id=request_id, epoch_ms=self._epoch_ms())
        try:
            result = await self.invocations.invoke(self.handler, event)
        except TimeoutError:
            raise HandshakeRefusedError(504, "Endpoint request timed out") from None
        if isinstance(result, Failure):
            logger.error("$connect of %s failed", connection_id, exc_info=result.error)
            # Lambda's guide: "If the function runs but returns an error, or returns a response in the wrong format,
            # API Gateway returns a 502."
            raise HandshakeRefusedError(502, "Internal server error")
        return session, _read_result(result)

    async def _authorize(self, authorizer: LambdaHandler, session: Session, handshake: Handshake) -> Session:
        request_id = new_id(self.random_bytes)
        event = authorizer_event(session, handshake, request_id=request_id, epoch_ms=self._epoch_ms())
        try:
            result = await self.invocations.invoke(authorizer, event)
            if not isinstance(result, Failure):
                return replace(session, authorizer=parse_authorizer_result(result, method_arn=METHOD_ARN))
        except AccessDeniedError as exc:
            raise HandshakeRefusedError(403, str(exc)) from None
        except (TimeoutError, MalformedResultError) as exc:
            result = Failure(exc)
        if str(result.error) == _UNAUTHORIZED:
            raise HandshakeRefusedError(401)
        logger.error("The authorizer of %s failed", session.connection_id, exc_info=result.error)
        raise HandshakeRefusedError(500, "Internal server error")

    def _epoch_ms(self) -> int:
        return int(self.epoch_s() * 1000)


def _read_result(result: object) -> str | None:
    status = result.get("statusCode") if isinstance(result, dict) else None
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        logger.error("$connect returned no statusCode from 200 to 599")
        raise HandshakeRefusedError(502, "Internal server error")
    if status >= 300:
        raise HandshakeRefusedError(status)
    headers = result.get("headers") if isinstance(result, dict) else None
    for name, value in (headers or {}).items():
        if name.lower() == "sec-websocket-protocol":
            if not isinstance(value, str) or not _TOKEN.fullmatch(value):
                logger.error("$connect chose a subprotocol that cannot be sent")
                raise HandshakeRefusedError(502, "Internal server error")
            return value
    return None


def read_handshake(scope: Scope) -> Handshake:
    """Return what the client asked with."""
    client, server = scope.get("client"), scope.get("server")
    return Handshake(
        headers=scope["headers"],
        raw_query=scope["query_string"],
        source_ip=client[0] if client else "",
        scheme=scope["scheme"],
        port=server[1] if server else 80,
    )


async def send_refusal(refusal: HandshakeRefusedError, *, request_id: str, send: Send) -> None:
    """Answer the handshake with a status and a message, in API Gateway's shape.

    Raises:
        OSError: The client is gone.
    """
    body = json.dumps({"message": str(refusal), "requestId": request_id}).encode()
    headers = ((b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()))
    response = HttpResponse(status=refusal.status, headers=headers, body=body)
    start = {"type": "websocket.http.response.start", "status": response.status, "headers": list(response.headers)}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": response.body})


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"
