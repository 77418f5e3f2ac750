import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import fastapi
import httpx
import mangum
import pytest
from starlette.types import ASGIApp, Message

from infra.local.gateway import GatewayLimits, create_gateway
from infra.local.invocations import LambdaHandler
from infra.local.lambda_context import LocalLambdaContext

MIB = 1024 * 1024
ServeGateway = Callable[..., str]


class NoAudioFiles:
    def open_signed(self, key: str, *, expires: str, signature: str) -> None:
        return None


@pytest.fixture(scope="module")
def serve_gateway(serve: Callable[[ASGIApp], str]) -> ServeGateway:
    def start(handler: LambdaHandler, *, max_concurrency: int = 8, limits: GatewayLimits | None = None) -> str:
        limits = limits or GatewayLimits()
        gateway = create_gateway(handler, audio_files=NoAudioFiles(), limits=limits, max_concurrency=max_concurrency)
        return serve(gateway)

    return start


@pytest.fixture(scope="module")
def echo_url(serve_gateway: ServeGateway) -> str:
    """A gateway whose handler answers with the event that it got."""
    return serve_gateway(lambda event, context: event)


@pytest.fixture(scope="module")
def fastapi_url(serve_gateway: ServeGateway) -> str:
    return serve_gateway(lambda_handler(create_api()))


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets go of every handler that waits for it, at the end of the test at the latest."""
    event = threading.Event()
    yield event
    event.set()


def lambda_handler(app: fastapi.FastAPI) -> LambdaHandler:
    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            return mangum.Mangum(app, lifespan="off")(event, context)
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    return handle


def create_api() -> fastapi.FastAPI:
    api = fastapi.FastAPI()
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]

    @api.api_route("/seen/{name:path}", methods=methods)
    def seen(name: str, request: fastapi.Request) -> dict[str, Any]:
        return {
            "method": request.method,
            "name": name,
            "query": request.query_params.multi_items(),
            "accept": request.headers.get("accept"),
            "base_url": str(request.base_url),
        }

    @api.api_route("/echo", methods=methods)
    async def echo(request: fastapi.Request) -> fastapi.Response:
        return fastapi.Response(await request.body(), media_type=request.headers["content-type"])

    @api.get("/cookies")
    def cookies(request: fastapi.Request, response: fastapi.Response) -> dict[str, str]:
        response.set_cookie("first", "1")
        response.set_cookie("second", "2", path="/", httponly=True)
        return dict(request.cookies)

    return api


def raw_exchange(url: str, request: bytes) -> bytes:
    """Send bytes and return everything up to the end of the connection."""
    with connect(url) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def connect(url: str) -> closing[socket.socket]:
    parts = urlsplit(url)
    return closing(socket.create_connection((parts.hostname, parts.port), timeout=20))


def raw_event(url: str, request: bytes) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(raw_exchange(url, request).partition(b"\r\n\r\n")[2])
    return event


def assert_is_error(response: httpx.Response, status: int, kind: str, code: str) -> None:
    assert response.status_code == status
    error = response.json()["error"]
    assert (error["type"], error["code"], error["param"]) == (kind, code, None)
    assert error["message"]
    assert response.headers["x-request-id"]


def test_the_handler_gets_the_event_of_what_was_sent(echo_url: str) -> None:
    request = (
        b"PROPFIND /a%2Fb/%E5%BC%B9?x=1%262+3&y=%2B HTTP/1.1\r\nHost: tts.local:81\r\nX-A: 1\r\nx-a: 2\r\n"
        b"Cookie: a=1; b=2\r\nConnection: close\r\n\r\n"
    )
    event = raw_event(echo_url, request)
    assert event["rawPath"] == "/a/b/弹"
    assert event["rawQueryString"] == "x=1%262+3&y=%2B"
    assert event["queryStringParameters"] == {"x": "1&2 3", "y": "+"}
    assert event["headers"]["x-a"] == "1,2"
    assert event["cookies"] == ["a=1", "b=2"]
    http = event["requestContext"]["http"]
    assert (http["method"], http["protocol"], http["sourceIp"]) == ("PROPFIND", "HTTP/1.1", "127.0.0.1")
    assert event["headers"]["x-forwarded-port"] == str(urlsplit(echo_url).port)
    assert event["requestContext"]["domainName"] == "tts.local"


@pytest.mark.parametrize("target", [b"/", b"//x//", b"/audio", b"*", b"http://tts.local/absolute"])
def test_every_path_reaches_the_handler(echo_url: str, target: bytes) -> None:
    event = raw_event(echo_url, b"OPTIONS " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert event["rawPath"] == target.decode().removeprefix("http://tts.local")


def test_http_1_0_without_a_host_works(echo_url: str) -> None:
    assert raw_event(echo_url, b"GET / HTTP/1.0\r\n\r\n")["requestContext"]["http"]["protocol"] == "HTTP/1.0"


def test_every_request_has_an_id_of_its_own(echo_url: str) -> None:
    responses = [httpx.get(echo_url) for _ in range(2)]
    ids = [response.headers["x-request-id"] for response in responses]
    assert ids == [response.json()["requestContext"]["requestId"] for response in responses]
    assert len(set(ids)) == 2


def test_the_handlers_own_request_id_is_kept(serve_gateway: ServeGateway) -> None:
    url = serve_gateway(lambda event, context: {"statusCode": 200, "headers": {"X-Request-Id": "mine"}})
    assert httpx.get(url).headers.get_list("x-request-id") == ["mine"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_every_method_makes_the_round_trip(fastapi_url: str, method: str) -> None:
    assert httpx.request(method, f"{fastapi_url}/seen/x").json()["method"] == method


def test_head_has_the_headers_of_get_and_no_body(fastapi_url: str) -> None:
    with httpx.Client(base_url=fastapi_url) as client:
        head = client.head("/echo", headers={"content-type": "text/plain"})
        assert (head.status_code, head.content) == (200, b"")
        assert client.head("/seen/x").headers["content-length"] != "0"
        assert client.get("/seen/x").status_code == 200  # The connection is still in step.


def test_an_unknown_route_and_a_wrong_method_are_the_applications_to_answer(fastapi_url: str) -> None:
    assert httpx.get(f"{fastapi_url}/nowhere").json() == {"detail": "Not Found"}
    assert httpx.delete(f"{fastapi_url}/cookies").status_code == 405


def test_repeated_parameters_and_unicode_make_the_round_trip(fastapi_url: str) -> None:
    params = [("a", "1"), ("a", "2"), ("b", "x&y=z+ 弹")]
    seen = httpx.get(f"{fastapi_url}/seen/弹幕/é", params=httpx.QueryParams(tuple(params))).json()
    assert seen["name"] == "弹幕/é"
    assert [tuple(pair) for pair in seen["query"]] == params


def test_repeated_headers_are_joined(fastapi_url: str) -> None:
    headers = [("accept", "text/html"), ("accept", "*/*")]
    seen = httpx.get(f"{fastapi_url}/seen/x", headers=headers).json()
    assert seen["accept"].split(",")[-2:] == ["text/html", "*/*"]


def test_the_application_knows_the_address_that_it_was_reached_by(fastapi_url: str) -> None:
    assert httpx.get(f"{fastapi_url}/seen/x").json()["base_url"] == f"{fastapi_url}/"


def test_cookies_make_the_round_trip_both_ways(fastapi_url: str) -> None:
    response = httpx.get(f"{fastapi_url}/cookies", headers={"cookie": "a=1; b=x=y"})
    assert response.json() == {"a": "1", "b": "x=y"}
    assert dict(response.cookies) == {"first": "1", "second": "2"}
    assert len(response.headers.get_list("set-cookie")) == 2


@pytest.mark.parametrize("content_type", ["audio/mpeg", "application/json", "text/plain", "application/octet-stream"])
def test_any_bytes_make_the_round_trip_both_ways(fastapi_url: str, content_type: str) -> None:
    every_byte = bytes(range(256)) * 300
    response = httpx.post(f"{fastapi_url}/echo", content=every_byte, headers={"content-type": content_type})
    assert response.content == every_byte
    assert response.headers["content-length"] == str(len(every_byte))


def test_a_chunked_body_makes_the_round_trip(fastapi_url: str) -> None:
    chunks = (b"x" * 50_000 for _ in range(4))
    response = httpx.post(f"{fastapi_url}/echo", content=chunks, headers={"content-type": "audio/wav"})
    assert response.content == b"x" * 200_000


def test_binary_bodies_fit_up_to_lambdas_six_megabytes_in_base64(fastapi_url: str) -> None:
    headers = {"content-type": "audio/wav"}
    fits, too_large = bytes(int(4.4 * MIB)), bytes(int(4.6 * MIB))
    assert httpx.post(f"{fastapi_url}/echo", content=fits, headers=headers).content == fits
    response = httpx.post(f"{fastapi_url}/echo", content=too_large, headers=headers)
    assert_is_error(response, 413, "invalid_request_error", "invalid_request")


def test_a_response_above_six_megabytes_is_a_500_that_says_why(
    serve_gateway: ServeGateway, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"statusCode": 200, "body": "x" * int(event["rawPath"][1:])}

    url = serve_gateway(handler)
    assert len(httpx.get(f"{url}/{6 * MIB - 100}").content) == 6 * MIB - 100
    response = httpx.get(f"{url}/{6 * MIB}")
    assert_is_error(response, 500, "server_error", "internal_error")
    assert "ResponseSizeTooLarge" in response.json()["error"]["message"]
    assert "ResponseSizeTooLarge" in caplog.text


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_an_announced_upload_that_is_too_large_is_refused_before_it_is_sent(echo_url: str, expect: bytes) -> None:
    size = str(6 * MIB + 1).encode()
    with connect(echo_url) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + size + b"\r\n" + expect + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_an_unannounced_upload_is_refused_while_it_streams(serve_gateway: ServeGateway) -> None:
    url = serve_gateway(lambda event, context: event, limits=GatewayLimits(http_body_bytes=100_000))
    with connect(url) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(11):
            connection.sendall(b"2710\r\n" + bytes(10_000) + b"\r\n")
        # The upload is not over, and the answer is there.
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_handler_that_overruns_is_a_504_and_keeps_its_slot_until_it_ends(
    serve_gateway: ServeGateway, release: threading.Event
) -> None:
    handled: list[str] = []

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        handled.append(event["rawPath"])
        release.wait(timeout=60)
        return {"statusCode": 200}

    url = serve_gateway(handler, max_concurrency=1, limits=GatewayLimits(timeout_s=0.5))
    assert_is_error(httpx.get(f"{url}/overruns"), 504, "server_error", "deadline_exceeded")
    assert_is_error(httpx.get(f"{url}/finds-no-slot"), 504, "server_error", "deadline_exceeded")
    release.set()
    assert httpx.get(f"{url}/works-again").status_code == 200
    assert handled == ["/overruns", "/works-again"]


def test_the_handler_knows_its_invocation_and_the_time_that_it_has_left(serve_gateway: ServeGateway) -> None:
    def handler(event: dict[str, Any], context: LocalLambdaContext) -> dict[str, Any]:
        return {"id": context.aws_request_id, "left_ms": context.get_remaining_time_in_millis()}

    response = httpx.get(serve_gateway(handler))
    assert response.json()["id"] == response.headers["x-request-id"]
    assert 0 < response.json()["left_ms"] <= 29_000


@pytest.mark.parametrize("failure", [ValueError("secret"), SystemExit(1), asyncio.CancelledError()], ids=type)
def test_a_handler_that_fails_is_a_logged_500_and_the_next_request_works(
    serve_gateway: ServeGateway, caplog: pytest.LogCaptureFixture, failure: BaseException
) -> None:
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if event["rawPath"] == "/fail":
            raise failure
        return {"statusCode": 200}

    url = serve_gateway(handler)
    response = httpx.get(f"{url}/fail")
    assert_is_error(response, 500, "server_error", "internal_error")
    assert "secret" not in response.text
    record = next(record for record in caplog.records if record.exc_info)
    assert response.headers["x-request-id"] in record.getMessage()
    assert httpx.get(f"{url}/works").status_code == 200


@pytest.mark.parametrize("result", [{"statusCode": 20}, object(), {"statusCode": 200, "headers": {"a": "b\nc"}}])
def test_a_malformed_result_is_a_logged_500(
    serve_gateway: ServeGateway, caplog: pytest.LogCaptureFixture, result: object
) -> None:
    response = httpx.get(serve_gateway(lambda event, context: result))
    assert_is_error(response, 500, "server_error", "internal_error")
    assert "malformed" in caplog.text


async def test_fifty_requests_are_handled_at_once(serve_gateway: ServeGateway) -> None:
    everyone = threading.Barrier(50)

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        everyone.wait(timeout=20)
        return {"path": event["rawPath"]}

    url = serve_gateway(handler, max_concurrency=50)
    async with httpx.AsyncClient(timeout=30) as client:
        responses = await asyncio.gather(*(client.get(f"{url}/{number}") for number in range(50)))
    assert [response.json()["path"] for response in responses] == [f"/{number}" for number in range(50)]


async def test_no_more_handlers_run_at_once_than_allowed(serve_gateway: ServeGateway) -> None:
    running, all_four = threading.Semaphore(4), threading.Barrier(4)

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        assert running.acquire(blocking=False)
        all_four.wait(timeout=20)
        running.release()
        return {"statusCode": 200}

    url = serve_gateway(handler, max_concurrency=4)
    async with httpx.AsyncClient(timeout=30) as client:
        responses = await asyncio.gather(*(client.get(url) for _ in range(48)))
    assert {response.status_code for response in responses} == {200}


def test_a_client_that_leaves_during_its_upload_never_reaches_the_handler(
    serve_gateway: ServeGateway, caplog: pytest.LogCaptureFixture
) -> None:
    handled: list[str] = []
    url = serve_gateway(lambda event, context: handled.append(event["rawPath"]))
    with connect(url) as connection:
        connection.sendall(b"POST /leaves HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
    assert httpx.get(f"{url}/stays").status_code == 200
    assert handled == ["/stays"]
    assert not caplog.records


def test_a_client_that_leaves_during_the_answer_breaks_nothing(
    serve_gateway: ServeGateway, release: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    started, finished = threading.Event(), threading.Event()

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if event["rawPath"] == "/leaves":
            started.set()
            release.wait(timeout=20)
            finished.set()
        return {"statusCode": 200, "body": "x" * 1_000_000}

    url = serve_gateway(handler, max_concurrency=1)
    with connect(url) as connection:
        connection.sendall(b"GET /leaves HTTP/1.1\r\nHost: a\r\n\r\n")
        assert started.wait(timeout=20)
    release.set()
    assert httpx.get(f"{url}/stays").status_code == 200
    assert finished.is_set()
    assert not caplog.records


async def test_a_websocket_without_a_route_is_closed(serve_gateway: ServeGateway) -> None:
    gateway = create_gateway(
        lambda event, context: None, audio_files=NoAudioFiles(), limits=GatewayLimits(), max_concurrency=1
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await gateway({"type": "websocket", "path": "/ws", "headers": [], "query_string": b""}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
