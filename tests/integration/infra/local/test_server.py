import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from infra.local.server import MAX_UNFINISHED_HEADER_BYTES, base_url, listen, run

SERVE_ONE_SLOW_REQUEST = """
import asyncio, sys
from infra.local.server import run

async def app(scope, receive, send):
    if scope["type"] == "http":
        print("started", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
        await send({"type": "http.response.body", "body": b"finished"})

sys.exit(run(lambda _: app, host="127.0.0.1", port=0, on_ready=lambda url: print(url, flush=True)))
"""


@pytest.fixture(scope="module")
def serve_hello(serve: Callable[[ASGIApp], str]) -> str:
    return serve(PlainTextResponse("hello"))


def test_a_taken_port_is_one_clear_line_before_anything_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    def create_app(_: str) -> ASGIApp:
        raise AssertionError("loaded")

    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert run(create_app, host="127.0.0.1", port=port, on_ready=lambda url: None) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert f"Port {port} on 127.0.0.1 is already in use" in message
    assert f"PORT={port + 1} make run" in message


def test_a_host_that_is_not_ours_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    # TEST-NET-1 (RFC 5737) is nobody's address.
    assert run(lambda _: None, host="192.0.2.1", port=8000, on_ready=lambda url: None) == 1  # type: ignore[arg-type,return-value]
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "192.0.2.1 port 8000" in message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_the_base_url_works_from_this_machine(host: str) -> None:
    with listen(host, 0) as listener:
        url = urlsplit(base_url(listener))
        socket.create_connection((url.hostname, url.port), timeout=20).close()
        assert url.hostname == "127.0.0.1"


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_an_ipv6_address_is_bracketed_in_the_base_url() -> None:
    for host in ("::1", "::"):
        with listen(host, 0) as listener:
            assert base_url(listener) == f"http://[::1]:{listener.getsockname()[1]}"


@pytest.mark.skipif(sys.platform == "win32", reason="a Ctrl-C event reaches the whole console there")
def test_ctrl_c_lets_a_request_in_flight_finish_and_exits_with_0() -> None:
    arguments = [sys.executable, "-c", SERVE_ONE_SLOW_REQUEST]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stderr is not None
        url = urlsplit(server.stdout.readline().strip())
        with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert server.stdout.readline() == "started\n"
            server.send_signal(signal.SIGINT)
            wait_until_refused((url.hostname or "", url.port or 0))
            server.stdin.write("go\n")
            server.stdin.flush()
            assert b"".join(iter(lambda: connection.recv(4096), b"")).endswith(b"finished")
        assert server.wait(timeout=20) == 0
        assert server.stderr.read() == ""


def wait_until_refused(address: tuple[str, int]) -> None:
    while True:
        try:
            socket.create_connection(address, timeout=20).close()
        except ConnectionError:
            return
        time.sleep(0.005)  # else a server that is busy ending has no descriptor left for the next


def test_headers_without_an_end_are_refused_and_the_server_goes_on(serve_hello: str) -> None:
    url = urlsplit(serve_hello)
    with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nx: ".ljust(MAX_UNFINISHED_HEADER_BYTES + 1, b"y"))
        assert connection.recv(4096).startswith(b"HTTP/1.1 4")
    assert httpx.get(serve_hello, headers={"x": "y" * 10_000}).text == "hello"
