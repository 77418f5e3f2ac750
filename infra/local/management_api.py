"""``/@connections/{id}``: how a handler talks to connected clients, as with API Gateway's management API."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from danmu_tts.domain.local_callers import is_local_caller
from infra.local.http_requests import PayloadTooLargeError, read_body
from infra.local.http_responses import HttpResponse, send_response
from infra.local.websocket_connections import BufferFullError, Connection, Connections, GoneError

# The API's model: "Data": {"type": "blob", "max": 131072}.
MAX_DATA_BYTES = 128 * 1024

_OK = HttpResponse(status=200, headers=(), body=b"")
_DELETED = HttpResponse(status=204, headers=(), body=b"")


class ManagementApi:
    """The ASGI endpoint of ``POST``, ``GET`` and ``DELETE /@connections/{connection_id}``.

    Status codes, ``x-amzn-errortype`` and bodies are those of the API's model, which the AWS SDKs read: only
    PayloadTooLargeException has a message. Two things AWS does not have, or does not document:

    - On AWS, IAM guards these calls. Here programs on this machine may make them, and who has the password of
      ``replicas.management_url``; no web page may.
    - A message goes out as a text frame, which must be UTF-8 (RFC 6455, section 5.6), or the client would have to hang
      up. What is not gets 400 BadRequestException.
    """

    def __init__(self, connections: Connections, authorization: str | None = None) -> None:
        """Take the connections that can be reached, and the header ``authorization`` of those from elsewhere."""
        self._connections = connections
        self._authorization = authorization

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do what the method says and answer."""
        try:
            response = await self._respond(scope, receive)
        except ClientDisconnect:
            return
        await send_response(response, method=scope["method"], send=send)

    async def _respond(self, scope: Scope, receive: Receive) -> HttpResponse:
        method: str = scope["method"]
        connection_id: str = scope["path_params"]["connection_id"]
        if not self._may_call(scope):
            return _error(403, "ForbiddenException")
        try:
            if method == "POST":
                data = await read_body(scope, receive, max_bytes=MAX_DATA_BYTES)
                self._connections.get(connection_id).post(data)
                return _OK
            connection = self._connections.get(connection_id)
            if method == "GET":
                return _describe(connection)
            if method == "DELETE":
                connection.close(1000)
                return _DELETED
        except GoneError:
            return _error(410, "GoneException")
        except BufferFullError:
            return _error(429, "LimitExceededException")
        except PayloadTooLargeError as exc:
            return _error(413, "PayloadTooLargeException", str(exc))
        except UnicodeDecodeError:
            return _error(400, "BadRequestException", "The data is not UTF-8.")
        return _error(405, "MethodNotAllowedException")

    def _may_call(self, scope: Scope) -> bool:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        # A browser names the page's origin, or at least whose page it is; a program does neither.
        if "origin" in headers or "sec-fetch-site" in headers:
            return False
        given, expected = headers.get("authorization", ""), self._authorization
        if expected and hmac.compare_digest(given.encode(), expected.encode()):
            return True
        return is_local_caller((scope.get("client") or ("",))[0], headers)


def _describe(connection: Connection) -> HttpResponse:
    session = connection.session
    description = {
        "connectedAt": _iso(session.connected_at_ms),
        # Both are required by the API's model.
        "identity": {"sourceIp": session.source_ip, "userAgent": session.user_agent or ""},
        "lastActiveAt": _iso(connection.last_active_ms),
    }
    return _json(200, description)


def _iso(epoch_ms: int) -> str:
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error(status: int, name: str, message: str | None = None) -> HttpResponse:
    errortype = (b"x-amzn-errortype", name.encode())
    if message is None:
        return HttpResponse(status=status, headers=(errortype,), body=b"")
    return _json(status, {"message": message}, errortype)


def _json(status: int, value: object, *headers: tuple[bytes, bytes]) -> HttpResponse:
    body = json.dumps(value).encode()
    return HttpResponse(status=status, headers=((b"content-type", b"application/json"), *headers), body=body)
