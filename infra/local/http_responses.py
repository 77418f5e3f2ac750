"""What the local gateway sends back over HTTP: one value, the project's one error shape, one way to send."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from starlette.types import Send

_TYPE_OF_STATUS_CLASS = {4: "invalid_request_error", 5: "server_error"}

ErrorCode = Literal[
    "invalid_request", "forbidden", "not_found", "internal_error", "backend_unavailable", "deadline_exceeded"
]

Header = tuple[bytes, bytes]

# RFC 9110 sections 15.3.5 and 15.4.5: these carry no content, and h11 refuses to send any.
_STATUSES_WITHOUT_CONTENT = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One whole response.

    Attributes:
        status: HTTP status code, 200 to 599.
        headers: Lower-case names and values as they go on the wire; ``set-cookie`` may repeat.
        body: The content, decoded.
    """

    status: int
    headers: tuple[Header, ...]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of the header ``name`` (lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)

    def with_default_header(self, name: bytes, value: bytes) -> HttpResponse:
        """Return this response with the header added, unless it has one of that name."""
        if self.header(name) is not None:
            return self
        return replace(self, headers=(*self.headers, (name, value)))


def error_response(
    status: int, message: str, *, code: ErrorCode, request_id: str, headers: Iterable[Header] = ()
) -> HttpResponse:
    """Return an error in the shape of every error of this project, which is OpenAI's, with ``x-request-id``."""
    error = {"message": message, "type": _TYPE_OF_STATUS_CLASS[status // 100], "param": None, "code": code}
    body = json.dumps({"error": error}, ensure_ascii=False).encode()
    fixed = ((b"content-type", b"application/json"), (b"x-request-id", request_id.encode()))
    return HttpResponse(status=status, headers=(*fixed, *headers), body=body)


async def send_response(response: HttpResponse, *, method: str, send: Send) -> None:
    """Send the response over ASGI with a ``content-length`` that is true.

    A HEAD response keeps the handler's ``content-length`` when it sent no body: that is the length GET would have.
    """
    headers = [header for header in response.headers if header[0] != b"content-length"]
    body = b"" if response.status in _STATUSES_WITHOUT_CONTENT else response.body
    if response.status not in _STATUSES_WITHOUT_CONTENT:
        announced = response.header(b"content-length") if method == "HEAD" and not body else None
        length = announced if announced is not None and announced.isdigit() else str(len(body)).encode()
        headers.append((b"content-length", length))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
