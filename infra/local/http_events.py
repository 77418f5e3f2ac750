"""HTTP to the event that an API Gateway HTTP API sends to Lambda (payload format 2.0), and a result back to HTTP.

Pure: no I/O, no clock, no randomness. The format is the one in AWS's developer guide, "Create AWS Lambda proxy
integrations for HTTP APIs in API Gateway", for an API with a ``$default`` route and a ``$default`` stage.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

from infra.local.http_responses import Header, HttpResponse

_T = TypeVar("_T")

ACCOUNT_ID = "000000000000"
API_ID = "local"

# A gateway ends the caller's connection and opens its own, so what describes the connection stops here (RFC 9110,
# section 7.6.1).
_CONNECTION_HEADERS = frozenset(
    {"connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)

# AWS says only that a binary body arrives as base64, not which content types it takes for text. These are the ones
# that a live HTTP API was seen to pass as text; forms come as base64.
_TEXT_MEDIA_TYPES = frozenset({"application/javascript", "application/json", "application/xml"})

# strftime's %b follows the locale; the Common Log Format does not.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_ABSOLUTE_TARGET = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/]*")
_HOST_PORT = re.compile(r":\d*$")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_HEADER_VALUE_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One whole request as it came over the wire.

    Attributes:
        method: The method as sent, known or not.
        raw_path: The request target's path, still percent-encoded.
        raw_query: What follows the ``?``, still percent-encoded; empty without one.
        http_version: ``1.0`` or ``1.1``.
        headers: Names in any case, values as sent, in order, repeated ones apart.
        body: The content; empty without one.
        source_ip: The peer's address.
        scheme: ``http`` or ``https``.
        port: The TCP port that was connected to.
    """

    method: str
    raw_path: bytes
    raw_query: bytes
    http_version: str
    headers: Sequence[Header]
    body: bytes
    source_ip: str
    scheme: str
    port: int


class MalformedResultError(ValueError):
    """A handler's result that Lambda or API Gateway would refuse; on AWS the caller gets a 500."""


def encode_json(value: object) -> bytes:
    """Serialise as Lambda's Python runtime does, which is what Lambda's payload quotas count.

    Raises:
        MalformedResultError: The value cannot be JSON.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise MalformedResultError(f"not JSON: {exc}") from exc


def build_event(request: HttpRequest, *, request_id: str, epoch_ms: int) -> dict[str, Any]:
    """Return the payload 2.0 event for a request.

    Args:
        request: The request.
        request_id: Becomes ``requestContext.requestId``; the trace id is derived from it.
        epoch_ms: When the request arrived, in milliseconds since 1970-01-01 UTC.
    """
    path = _decode_path(request.raw_path)
    headers, cookies = _split_headers(request.headers)
    _add_gateway_headers(headers, request, request_id=request_id, epoch_ms=epoch_ms)
    query = request.raw_query.decode("latin-1")
    event: dict[str, Any] = {"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query}
    if cookies:
        event["cookies"] = cookies
    event["headers"] = headers
    if parameters := _join_repeated(parse_qsl(query, keep_blank_values=True)):
        event["queryStringParameters"] = parameters
    event["requestContext"] = _request_context(request, path, headers, request_id=request_id, epoch_ms=epoch_ms)
    event.update(_body_fields(request.body, headers.get("content-type", "")))
    return event


def _decode_path(raw_path: bytes) -> str:
    """Return the path as an HTTP API gives it.

    AWS documents that an HTTP API "decodes URL-encoded request parameters before passing them to your backend
    integration", and events recorded from real HTTP APIs bear it out for ``rawPath``, its name notwithstanding:
    ``/a%2Fb`` arrives as ``/a/b``. Once only: ``%252F`` arrives as ``%2F``. With the ``$default`` stage there is no
    stage prefix.
    """
    # A client of a proxy sends "GET http://host/path"; the path starts after the host.
    return unquote(_ABSOLUTE_TARGET.sub(b"", raw_path, count=1).decode("latin-1")) or "/"


def _split_headers(raw_headers: Iterable[Header]) -> tuple[dict[str, str], list[str]]:
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw_headers]
    cookies = [
        cookie for name, value in pairs if name == "cookie" for part in value.split(";") if (cookie := part.strip())
    ]
    forwarded = ((name, value) for name, value in pairs if name != "cookie" and name not in _CONNECTION_HEADERS)
    return _join_repeated(forwarded), cookies


def _join_repeated(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _add_gateway_headers(headers: dict[str, str], request: HttpRequest, *, request_id: str, epoch_ms: int) -> None:
    """Add what API Gateway adds. The port and the protocol are its own word; a caller cannot claim others."""
    via = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{via}, {request.source_ip}" if via else request.source_ip
    headers["x-forwarded-port"] = str(request.port)
    headers["x-forwarded-proto"] = request.scheme
    headers.setdefault("host", "localhost")
    if request.body:
        headers["content-length"] = str(len(request.body))
    headers.setdefault("x-amzn-trace-id", trace_id(request_id, epoch_ms))


def trace_id(request_id: str, epoch_ms: int) -> str:
    """Return an ``X-Amzn-Trace-Id``: an X-Ray root of version, eight hex digits of epoch seconds, and 96 bits."""
    unique = hashlib.sha256(request_id.encode()).hexdigest()[:24]
    return f"Root=1-{epoch_ms // 1000:08x}-{unique}"


def format_request_time(epoch_ms: int) -> str:
    """Return a moment in the Common Log Format, as API Gateway writes it: ``19/Jan/2023:21:13:26 +0000``."""
    moment = datetime.fromtimestamp(epoch_ms // 1000, UTC)
    return f"{moment:%d}/{_MONTHS[moment.month - 1]}/{moment:%Y:%H:%M:%S} +0000"


def name_of_domain(host: str) -> str:
    """Return a Host header without its port, which API Gateway's ``domainName`` never has."""
    return _HOST_PORT.sub("", host)


def _request_context(
    request: HttpRequest, path: str, headers: dict[str, str], *, request_id: str, epoch_ms: int
) -> dict[str, Any]:
    domain_name = name_of_domain(headers["host"])
    return {
        "accountId": ACCOUNT_ID,
        "apiId": API_ID,
        "domainName": domain_name,
        "domainPrefix": domain_name.partition(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": f"HTTP/{request.http_version}",
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": format_request_time(epoch_ms),
        "timeEpoch": epoch_ms,
    }


def _body_fields(body: bytes, content_type: str) -> dict[str, Any]:
    if not body:
        return {"isBase64Encoded": False}
    if _is_text(content_type):
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass  # What claims to be text and is not UTF-8 travels as bytes.
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _is_text(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT_MEDIA_TYPES


def parse_response(payload: bytes) -> HttpResponse:
    """Read a handler's serialised result (``encode_json``) as API Gateway reads it in payload format 2.0.

    A JSON object with ``statusCode`` is a response. Anything else that is valid JSON is, by AWS's inference rule, the
    body of a 200 ``application/json`` response; a string is that body without its quotes.

    Raises:
        MalformedResultError: A field of the response has the wrong type or an impossible value.
    """
    result = json.loads(payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        body = _encode_text(result) if isinstance(result, str) else payload
        return HttpResponse(status=200, headers=((b"content-type", b"application/json"),), body=body)
    headers = tuple(_response_headers(result))
    body = _response_body(result)
    response = HttpResponse(status=_status(result["statusCode"]), headers=headers, body=body)
    # API Gateway's own default when the function names no content type.
    return response.with_default_header(b"content-type", b"text/plain;charset=UTF-8") if body else response


def _status(value: object) -> int:
    # A final response is 200 to 599; bool is an int to Python and not to AWS.
    if not isinstance(value, int) or isinstance(value, bool) or not 200 <= value <= 599:
        raise MalformedResultError(f"statusCode is not a status from 200 to 599: {value!r:.80}")
    return value


def _response_headers(result: dict[str, Any]) -> Iterator[Header]:
    multiple = _field(result, "multiValueHeaders", dict)
    replaced = {name.lower() for name in multiple}
    for name, value in _field(result, "headers", dict).items():
        if name.lower() not in replaced:
            yield from _header(name, value)
    for name, values in multiple.items():
        if not isinstance(values, list):
            raise MalformedResultError(f"multiValueHeaders[{name!r:.80}] is not a list")
        for value in values:
            yield from _header(name, value)
    for cookie in _field(result, "cookies", list):
        yield from _header("set-cookie", cookie)


def _header(name: str, value: object) -> Iterator[Header]:
    lowered = name.lower()
    if isinstance(value, bool):
        value = json.dumps(value)
    if not isinstance(value, str | int | float):
        raise MalformedResultError(f"header {name!r:.80} is not a string")
    text = str(value).strip(" \t")
    if not _HEADER_NAME.fullmatch(lowered) or _HEADER_VALUE_FORBIDDEN.search(text):
        raise MalformedResultError(f"header {name!r:.80} cannot be sent over HTTP")
    if lowered not in _CONNECTION_HEADERS:
        yield lowered.encode(), _encode_text(text)


def _response_body(result: dict[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedResultError("body is not a string")
    if not _field(result, "isBase64Encoded", bool):
        return _encode_text(body)
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise MalformedResultError(f"body is not base64: {exc}") from exc


def _field(result: dict[str, Any], name: str, kind: type[_T]) -> _T:
    """Return a field that may be absent or null, which both mean the empty value of its kind."""
    value = result.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise MalformedResultError(f"{name} is not a {kind.__name__}")
    return value


def _encode_text(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as exc:
        raise MalformedResultError(f"not Unicode text: {exc}") from exc
