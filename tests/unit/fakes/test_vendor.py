"""The life of a fake server, whatever its vendor."""

import json
import socket

import httpx
import pytest

from tests.fakes.openai import MAX_INPUT_CHARS, FakeOpenAI
from tests.fakes.speech import hum
from tests.fakes.vendor import Fault

ASKED = {"model": "tts-1", "voice": "alloy", "input": "Hello", "response_format": "pcm"}
AUTHORIZATION = {"Authorization": "Bearer key"}


def request_of(body: object) -> bytes:
    """What a client sends that reads nothing."""
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key\r\nContent-Length: {len(content)}\r\n"
    )
    return head.encode() + b"Content-Type: application/json\r\n\r\n" + content


def test_it_starts_again_and_stops_twice() -> None:
    server = FakeOpenAI(hum)
    for _ in range(2):
        with server:
            url = f"{server.base_url}/audio/speech"
            assert httpx.post(url, json=ASKED, headers=AUTHORIZATION).status_code == 200
        server.stop()
        with pytest.raises(httpx.ConnectError):
            httpx.post(url, json=ASKED, headers=AUTHORIZATION)
    assert server.requests == 2


def test_it_stops_while_a_client_does_not_read() -> None:
    with FakeOpenAI(hum) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(request_of(ASKED | {"input": "a" * MAX_INPUT_CHARS}))
        assert client.recv(1)
        server.stop()


@pytest.mark.parametrize("fault", [Fault.MUTE_FOR_EVER, Fault.STALLED, Fault.SLOW])
def test_it_stops_in_the_middle_of_an_answer(fault: Fault) -> None:
    with FakeOpenAI(hum) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        server.fault, server.delay_s = fault, 60
        client.sendall(request_of(ASKED))
        server.wait_for_requests(1)


def test_it_stops_while_clients_connect() -> None:
    for _ in range(20):
        with FakeOpenAI(hum) as server:
            client = socket.create_connection(("127.0.0.1", server.port))
        with client:
            client.settimeout(5)
            # Dropped either way: with an end, or because nobody had accepted it yet.
            try:
                assert client.recv(1) == b""
            except ConnectionResetError:
                continue


def test_it_says_when_nothing_comes_in() -> None:
    with FakeOpenAI(hum) as server, pytest.raises(AssertionError, match="0 came in"):
        server.wait_for_requests(1, timeout_s=0.01)
