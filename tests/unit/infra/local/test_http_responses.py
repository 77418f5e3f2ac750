import json
from typing import Any

import pytest
from starlette.types import Message

from infra.local.http_responses import HttpResponse, error_response, send_response


async def sent(response: HttpResponse, method: str = "GET") -> tuple[dict[bytes, bytes], bytes]:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    await send_response(response, method=method, send=send)
    start, body = messages
    assert start["status"] == response.status
    return dict(start["headers"]), body["body"]


@pytest.mark.parametrize(("status", "kind"), [(413, "invalid_request_error"), (504, "server_error")])
def test_an_error_has_the_one_shape_and_the_request_id(status: int, kind: str) -> None:
    response = error_response(status, "Why.", code="invalid_request", request_id="id", headers=[(b"allow", b"GET")])
    error: dict[str, Any] = {"message": "Why.", "type": kind, "param": None, "code": "invalid_request"}
    assert json.loads(response.body) == {"error": error}
    assert response.header(b"content-type") == b"application/json"
    assert response.header(b"x-request-id") == b"id"
    assert response.header(b"allow") == b"GET"


def test_a_default_header_gives_way_to_the_handlers() -> None:
    response = HttpResponse(200, ((b"x-request-id", b"mine"),), b"")
    assert response.with_default_header(b"x-request-id", b"ours").headers == ((b"x-request-id", b"mine"),)
    assert response.with_default_header(b"other", b"1").header(b"other") == b"1"


async def test_the_length_is_that_of_the_body_whatever_the_handler_says() -> None:
    headers, body = await sent(HttpResponse(200, ((b"content-length", b"999"),), b"four"))
    assert (headers[b"content-length"], body) == (b"4", b"four")


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_content_sends_none(status: int) -> None:
    assert await sent(HttpResponse(status, (), b"four")) == ({}, b"")


@pytest.mark.parametrize(
    ("announced", "body", "length"),
    [(b"1234", b"", b"1234"), (b"999", b"four", b"4"), (b"many", b"", b"0")],
)
async def test_head_says_the_length_that_get_would_have(announced: bytes, body: bytes, length: bytes) -> None:
    headers, sent_body = await sent(HttpResponse(200, ((b"content-length", announced),), body), method="HEAD")
    assert (headers[b"content-length"], sent_body) == (length, b"")
