"""A WebSocket's events as API Gateway would send them to a function."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from infra.local.websocket_events import (
    Handshake,
    authorizer_event,
    connect_event,
    disconnect_event,
    message_event,
    start_session,
)
from tests.builders.http_event import LOCAL_IP, REMOTE_IP

_EPOCH_MS = 1_583_348_638_390
_NOW: Any = {"request_id": "request-1", "epoch_ms": _EPOCH_MS}
CONNECTION_ID = "L0SM9cOFvHcCIhw="


def handshake(
    headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None, *, local: bool = False
) -> Handshake:
    """From somewhere on the internet, or from this machine."""
    sent = {"host": "localhost:8000" if local else "api.example.com"} | dict(headers or {})
    return Handshake(
        headers=[(name.encode(), value.encode()) for name, value in sent.items()],
        raw_query=urlencode(query or {}).encode(),
        source_ip=LOCAL_IP if local else REMOTE_IP,
        scheme="ws" if local else "wss",
        port=8000 if local else 443,
    )


def asks_to_connect(asked: Handshake) -> dict[str, Any]:
    """To the authoriser."""
    session = start_session(asked, connection_id=CONNECTION_ID, epoch_ms=_EPOCH_MS)
    return authorizer_event(session, asked, **_NOW)


def connects(asked: Handshake, authorizer: Mapping[str, Any] | None) -> dict[str, Any]:
    session = start_session(asked, connection_id=CONNECTION_ID, epoch_ms=_EPOCH_MS)
    return _with(connect_event(session, asked, **_NOW), authorizer)


def says(body: str, authorizer: Mapping[str, Any] | None) -> dict[str, Any]:
    asked = handshake()
    session = start_session(asked, connection_id=CONNECTION_ID, epoch_ms=_EPOCH_MS)
    event = message_event(session, body, route_key="$default", message_id="m", **_NOW)
    return _with(event, authorizer)


def leaves(authorizer: Mapping[str, Any] | None) -> dict[str, Any]:
    asked = handshake()
    session = start_session(asked, connection_id=CONNECTION_ID, epoch_ms=_EPOCH_MS)
    return _with(disconnect_event(session, code=1000, reason="", **_NOW), authorizer)


def _with(event: dict[str, Any], authorizer: Mapping[str, Any] | None) -> dict[str, Any]:
    if authorizer is not None:
        event["requestContext"]["authorizer"] = dict(authorizer)
    return event
