"""The body of an HTTP request over ASGI, held up to a limit."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope


class PayloadTooLargeError(Exception):
    """A request that API Gateway or Lambda would refuse for its size. The message says the size and the limit."""


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int) -> bytes:
    """Read the body, holding at most ``max_bytes`` and what one message brings.

    Raises:
        PayloadTooLargeError: The body is longer than ``max_bytes``.
        ClientDisconnect: The caller is gone.
    """
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    check_request_size(int(announced), max_bytes)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        check_request_size(len(body), max_bytes)
        more = message.get("more_body", False)
    return bytes(body)


def check_request_size(size_bytes: int, max_bytes: int) -> None:
    """Refuse what is too big.

    Raises:
        PayloadTooLargeError: It is.
    """
    if size_bytes > max_bytes:
        raise PayloadTooLargeError(f"The request is {size_bytes} bytes or more and the limit is {max_bytes}.")
