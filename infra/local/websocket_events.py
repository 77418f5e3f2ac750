"""WebSocket to the events that an API Gateway WebSocket API sends to Lambda.

Pure: no I/O, no clock, no randomness. The shapes are those of AWS's developer guide ("Control access to WebSocket APIs
with AWS Lambda REQUEST authorizers" has a whole event) and of events that people logged from live WebSocket APIs:
what the guide leaves out, such as the four headers of ``$disconnect``, is as they show it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from infra.local.http_events import ACCOUNT_ID, API_ID, format_request_time, name_of_domain, trace_id
from infra.local.http_responses import Header

STAGE = "local"
METHOD_ARN = f"arn:aws:execute-api:local:{ACCOUNT_ID}:{API_ID}/{STAGE}/$connect"

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"

# 88 bits, as in the ids that AWS gives: 15 characters and a "=", which a path must quote.
_ID_BYTES = 11

# AWS passes names on in the client's own case; here they arrive in lower case. These are how clients write them.
_HEADER_NAMES = {
    name.lower(): name
    for name in (
        *("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Cookie", "DNT"),
        *("Forwarded", "Host", "Origin", "Pragma", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site"),
        *("Sec-WebSocket-Extensions", "Sec-WebSocket-Key", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version"),
        *("User-Agent", "Via", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port"),
        *("X-Forwarded-Proto", "X-Real-IP"),
    )
}
# They describe the hop. The authorizer is shown two of them, always with these values, and $connect none.
_CONNECTION_HEADERS = frozenset(
    {"connection", "content-length", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"}
)
_AUTHORIZER_HEADERS = {"Connection": ["upgrade"], "content-length": ["0"], "Upgrade": ["websocket"]}

_NO_CLOSE_STATUS = 1005
_REASON_WITHOUT_STATUS = "Client-side close frame status not set"


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client asked with.

    Attributes:
        headers: Names in any case, values as sent, in order, repeated ones apart.
        raw_query: What follows the ``?``, still percent-encoded; empty without one.
        source_ip: The peer's address.
        scheme: ``ws`` or ``wss``.
        port: The TCP port that was connected to.
    """

    headers: Sequence[Header]
    raw_query: bytes
    source_ip: str
    scheme: str
    port: int

    def header(self, name: bytes) -> str | None:
        """Return the first value of the header ``name`` (lower case), or None."""
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Session:
    """What all events of one connection say alike.

    Attributes:
        connection_id: The connection's id, as ``@connections`` takes it.
        connected_at_ms: When the client asked to connect, in milliseconds since 1970-01-01 UTC.
        source_ip: The client's address.
        user_agent: The client's User-Agent, if it sent one.
        domain_name: The host that it asked for, without a port.
        authorizer: What the authorizer said, or None without one. Events of ``$connect`` logged from live APIs have
            it; that those of all later routes have it too, the guide does not say, but users of live APIs did when
            they had serverless-offline changed to do the same (its pull request 1380).
    """

    connection_id: str
    connected_at_ms: int
    source_ip: str
    user_agent: str | None
    domain_name: str
    authorizer: Mapping[str, Any] | None = None


def new_id(random_bytes: Callable[[int], bytes]) -> str:
    """Return an id as AWS's look: ``SOqIDEacoAMFaHQ=``."""
    return base64.urlsafe_b64encode(random_bytes(_ID_BYTES)).decode()


def start_session(handshake: Handshake, *, connection_id: str, epoch_ms: int) -> Session:
    """Return the session that a handshake begins, nobody authorized yet."""
    return Session(
        connection_id=connection_id,
        connected_at_ms=epoch_ms,
        source_ip=handshake.source_ip,
        user_agent=handshake.header(b"user-agent"),
        domain_name=name_of_domain(handshake.header(b"host") or "localhost"),
    )


def connect_event(session: Session, handshake: Handshake, *, request_id: str, epoch_ms: int) -> dict[str, Any]:
    """Return the event of ``$connect``."""
    headers = _headers(handshake, request_id=request_id, epoch_ms=epoch_ms)
    event: dict[str, Any] = {"headers": _last(headers), "multiValueHeaders": headers}
    if query := _query(handshake):
        event["queryStringParameters"] = _last(query)
        event["multiValueQueryStringParameters"] = query
    event["requestContext"] = _context(session, CONNECT, "CONNECT", request_id=request_id, epoch_ms=epoch_ms)
    event["isBase64Encoded"] = False
    return event


def authorizer_event(session: Session, handshake: Handshake, *, request_id: str, epoch_ms: int) -> dict[str, Any]:
    """Return the event of a REQUEST authorizer on ``$connect``."""
    headers = _AUTHORIZER_HEADERS | _headers(handshake, request_id=request_id, epoch_ms=epoch_ms)
    query = _query(handshake)
    return {
        "type": "REQUEST",
        "methodArn": METHOD_ARN,
        "headers": _last(headers),
        "multiValueHeaders": {name: list(values) for name, values in headers.items()},
        "queryStringParameters": _last(query),
        "multiValueQueryStringParameters": query,
        "stageVariables": {},
        "requestContext": _context(session, CONNECT, "CONNECT", request_id=request_id, epoch_ms=epoch_ms),
    }


def message_event(
    session: Session, body: str, *, route_key: str, message_id: str, request_id: str, epoch_ms: int
) -> dict[str, Any]:
    """Return the event of one message, which has no headers."""
    context = _context(session, route_key, "MESSAGE", request_id=request_id, epoch_ms=epoch_ms)
    context["messageId"] = message_id
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def disconnect_event(session: Session, *, code: int, reason: str, request_id: str, epoch_ms: int) -> dict[str, Any]:
    """Return the event of ``$disconnect``.

    Args:
        session: The connection.
        code: The WebSocket close code (RFC 6455, section 7.4), whoever sent it; 1005 for a close frame without one,
            1006 for none.
        reason: The text that came with it.
        request_id: This event's id.
        epoch_ms: Now, in milliseconds since 1970-01-01 UTC.
    """
    headers = {"Host": session.domain_name, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    context = _context(session, DISCONNECT, "DISCONNECT", request_id=request_id, epoch_ms=epoch_ms)
    context["disconnectStatusCode"] = code
    context["disconnectReason"] = reason or (_REASON_WITHOUT_STATUS if code == _NO_CLOSE_STATUS else "")
    return {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": context,
        "isBase64Encoded": False,
    }


def select_route(body: str, routes: Collection[str]) -> str | None:
    """Return the route that ``$request.body.action`` selects.

    Args:
        body: The message.
        routes: The keys of the routes that exist.

    Returns:
        The action if it is the key of a route, else ``$default``, or None where there is no such route either.
    """
    fallback = DEFAULT if DEFAULT in routes else None
    if all(key.startswith("$") for key in routes):
        return fallback
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return fallback
    action = message.get("action") if isinstance(message, dict) else None
    # The three routes of API Gateway's own are not for a client to name.
    return action if isinstance(action, str) and action in routes and not action.startswith("$") else fallback


def _context(session: Session, route_key: str, event_type: str, *, request_id: str, epoch_ms: int) -> dict[str, Any]:
    identity = {"sourceIp": session.source_ip}
    if session.user_agent is not None:
        identity["userAgent"] = session.user_agent
    context: dict[str, Any] = {
        "routeKey": route_key,
        "eventType": event_type,
        "extendedRequestId": request_id,
        "requestTime": format_request_time(epoch_ms),
        "messageDirection": "IN",
        "stage": STAGE,
        "connectedAt": session.connected_at_ms,
        "requestTimeEpoch": epoch_ms,
        "identity": identity,
        "requestId": request_id,
        "domainName": session.domain_name,
        "connectionId": session.connection_id,
        "apiId": API_ID,
    }
    if session.authorizer is not None:
        context["authorizer"] = dict(session.authorizer)
    return context


def _headers(handshake: Handshake, *, request_id: str, epoch_ms: int) -> dict[str, list[str]]:
    pairs = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in handshake.headers)
    headers = _group((_HEADER_NAMES.get(name, name), value) for name, value in pairs if name not in _CONNECTION_HEADERS)
    headers.setdefault("Host", ["localhost"])
    headers.setdefault("X-Amzn-Trace-Id", [trace_id(request_id, epoch_ms)])
    headers["X-Forwarded-For"] = [", ".join([*headers.get("X-Forwarded-For", ()), handshake.source_ip])]
    # The port and the protocol are the gateway's own word; a caller cannot claim others.
    headers["X-Forwarded-Port"] = [str(handshake.port)]
    headers["X-Forwarded-Proto"] = ["https" if handshake.scheme == "wss" else "http"]
    return headers


def _query(handshake: Handshake) -> dict[str, list[str]]:
    return _group(parse_qsl(handshake.raw_query.decode("latin-1"), keep_blank_values=True))


def _group(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _last(grouped: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return one value a name: the last, as in the guide's event with repeated parameters."""
    return {name: values[-1] for name, values in grouped.items()}
