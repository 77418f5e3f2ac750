"""Whatever a request line and its headers say, the answer is clear, in one shape, and the server goes on."""

import json
import socket
from http.client import HTTPResponse
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.program import Server, make_key
from tests.e2e.wire_errors import assert_error

pytestmark = pytest.mark.usefixtures("clean_log", "still_serving")

BAD_HOSTS = [
    b"a:b:c",
    b"[::1]:99",
    b"[::1",
    b"",
    b"a b",
    b"\xff\xfe",
    b"//",
    b"a@b",
    b"a:-1",
    b"evil.example/..",
    b"x" * 5000,
]


def exchange(server: Server, request: bytes) -> httpx.Response:
    """Send bytes as they are; httpx would not."""
    address = urlsplit(server.base_url)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        return httpx.Response(response.status, headers=response.getheaders(), content=response.read())


@pytest.fixture(scope="module")
def key(server: Server) -> bytes:
    """Who asks for another host than this machine needs one."""
    return make_key(server.home).encode()


def request_bytes(line: bytes, host: bytes, body: bytes = b"", key: bytes = b"") -> bytes:
    headers = [b"Host: " + host, b"Connection: close", b"Content-Type: application/json"]
    headers += [b"Authorization: Bearer " + key] if key else []
    return b"\r\n".join([line + b" HTTP/1.1", *headers, b"Content-Length: %d" % len(body), b"", body])


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_bad_host_header_harms_nothing(server: Server, host: bytes, key: bytes) -> None:
    assert exchange(server, request_bytes(b"GET /health", host)).status_code == 200
    assert_error(exchange(server, request_bytes(b"GET /nowhere", host)), 404, "not_found")
    assert_error(exchange(server, request_bytes(b"GET /audio/x", host)), 403, "forbidden")
    response = exchange(server, request_bytes(b"POST /v1/speech", host, b'{"text": "hello"}', key))
    assert response.status_code == 200
    url = urlsplit(response.json()["audio"]["url"])
    assert url.scheme == "http"
    assert url.path.startswith("/audio/")


@pytest.mark.parametrize("host", [b"127.0.0.1:99999", b"127.0.0.1:0"])
def test_a_port_that_cannot_be_is_not_passed_on(server: Server, host: bytes, key: bytes) -> None:
    response = exchange(server, request_bytes(b"POST /v1/speech", host, b'{"text": "hello"}', key))
    assert urlsplit(response.json()["audio"]["url"]).port != 0


def test_an_ipv6_address_is_passed_on(server: Server) -> None:
    response = exchange(server, request_bytes(b"POST /v1/speech", b"[::1]:8000", b'{"text": "hello"}'))
    assert response.json()["audio"]["url"].startswith("http://[::1]:8000/audio/")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/audio/speech", "POST"),
        ("PUT", "/v1/speech", "POST"),
        ("BREW", "/v1/speech", "POST"),
        ("POST", "/v1/models", "GET"),
        ("DELETE", "/v1/audio/voices", "GET"),
        ("PATCH", "/health", "GET"),
        ("POST", "/audio/x", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_refused_and_the_right_one_named(
    client: httpx.Client, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    assert_error(response, 405, response.json()["error"]["code"])
    assert response.headers["allow"] == allowed


def test_a_wrong_method_has_one_code_everywhere(client: httpx.Client) -> None:
    codes = {client.put(path).json()["error"]["code"] for path in ("/health", "/v1/speech", "/audio/x")}
    assert len(codes) == 1


@pytest.mark.parametrize("path", ["/nowhere", "/v1", "/v1/speech/", "/v1/audio/speech/x", "/%zz", "/.env"])
def test_an_unknown_path_is_not_found(client: httpx.Client, path: str) -> None:
    assert_error(client.post(path), 404, "not_found")


@pytest.mark.parametrize(
    "name",
    ["nobody", "%2e%2e", "..%5c..", "%00", "%0a%0d", "%ff", "%ED%A0%80", "a%3Fb=c", "%252e", "%F0%9F%98%82", "'\"<>"],
)
def test_a_model_of_a_strange_name_is_not_found(client: httpx.Client, name: str) -> None:
    assert_error(client.get(f"/v1/models/{name}"), 404, "not_found", "model")


def test_dots_in_a_path_lead_nowhere(server: Server) -> None:
    for path in (b"/v1/../health", b"/v1/./models", b"/%2e%2e/health", b"*"):
        assert_error(exchange(server, request_bytes(b"GET " + path, b"localhost")), 404, "not_found")


def test_a_long_path_is_not_repeated(client: httpx.Client) -> None:
    response = client.get("/v1/models/" + "n" * 5000)
    assert_error(response, response.status_code, response.json()["error"]["code"], "model")


@pytest.mark.parametrize(
    "key",
    ["x", "", "..%2f..%2fetc%2fpasswd", "%2e%2e/metadata", "%00", "%ff", "%ED%A0%80", "url-signing-key", "a" * 64],
)
@pytest.mark.parametrize(
    "query",
    ["", "expires=9999999999", "expires=9999999999&signature=00", "expires=-1&signature=%ff", "expires=1e9&signature="],
)
def test_audio_without_a_good_signature_is_forbidden(client: httpx.Client, key: str, query: str) -> None:
    assert_error(client.get(f"/audio/{key}?{query}"), 403, "forbidden")


@pytest.mark.parametrize(("query", "param"), [("language=!!", "language"), ("backend=nope", "backend")])
def test_a_bad_query_is_refused_and_its_parameter_named(client: httpx.Client, query: str, param: str) -> None:
    assert_error(client.get(f"/v1/audio/voices?{query}"), 400, "invalid_request", param)


def test_a_path_cannot_forge_a_line_in_the_log(client: httpx.Client, server: Server) -> None:
    client.get("/v1/models/x%0a00:00:00%20ERROR%20danmu_tts:%20forged%1b%5b31m")
    assert "\n00:00:00 ERROR danmu_tts: forged" not in server.log
    assert "\x1b" not in server.log


def test_a_chunked_body_over_the_limit_is_refused(client: httpx.Client) -> None:
    def chunks() -> list[bytes]:
        return [b"a" * 1_000_000] * 7

    assert_error(client.post("/v1/speech", content=iter(chunks())), 413, "invalid_request")


def test_bytes_that_are_no_http_are_refused(server: Server) -> None:
    assert exchange(server, b"HELLO\r\n\r\n").status_code == 400
    oversized = b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000
    assert exchange(server, oversized).status_code in (400, 431)


def test_a_caller_that_leaves_halfway_harms_nothing(server: Server) -> None:
    address = urlsplit(server.base_url)
    body = json.dumps({"text": "I will not wait for this."}).encode()
    for cut in (b"", body[:10], body):
        with socket.create_connection((str(address.hostname), address.port or 0), timeout=30) as connection:
            whole = request_bytes(b"POST /v1/speech", b"localhost", body)
            connection.sendall(whole[: len(whole) - len(body)] + cut)
