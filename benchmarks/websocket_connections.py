"""A thousand connections at once on the local gateway, each speaking cached lines, and one that never reads."""

import asyncio
import json
import socket
import time
from statistics import median, quantiles
from urllib.parse import urlsplit

import psutil
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.local_server import LocalServer, local_server

_CONNECTIONS = 1000
_LINES_EACH = 3
_LINE = "Hello chat, nice to see you"
_UNREAD_LINES = 50


def run(_: list[str]) -> None:
    """Print errors, memory a connection, and how long a cached line takes without and with a client that hangs."""
    with local_server(
        DANMU_TTS_TTS__BACKENDS="piper",
        DANMU_TTS_LIMITS__KEY_REQUESTS="0",
        DANMU_TTS_LIMITS__KEY_CHARACTERS="0",
    ) as server:
        asyncio.run(_run(server))


async def _run(server: LocalServer) -> None:
    url = server.base_url.replace("http", "ws") + "/ws"
    async with connect(url, compression=None, max_size=None) as first:
        await _speak(first, "warm")  # from now on it is cached
    before = _memory_kb(server)
    started = time.perf_counter()
    connections = [await connect(url, compression=None, max_size=None, open_timeout=60) for _ in range(_CONNECTIONS)]
    print(f"{_CONNECTIONS} connections opened in {time.perf_counter() - started:.1f} s")
    print(f"memory a connection, idle: {(_memory_kb(server) - before) / _CONNECTIONS:.0f} KB")
    await _round(connections, "all at once")
    await _one_after_another(connections[:20], "one at a time")
    with socket.create_connection(_address(server)) as hanging:
        _hang(hanging, server.base_url)
        await _one_after_another(connections[:20], "the same, beside a client that never reads")
        await _round(connections, "all at once, beside it")
    print(f"memory a connection, after speaking: {(_memory_kb(server) - before) / _CONNECTIONS:.0f} KB")
    await asyncio.gather(*(connection.close() for connection in connections))


async def _round(connections: list[ClientConnection], what: str) -> None:
    started = time.perf_counter()
    results = await asyncio.gather(*(_lines(each) for each in connections), return_exceptions=True)
    took_s = time.perf_counter() - started
    errors = [each for each in results if isinstance(each, BaseException)]
    times_ms = [ms for each in results if not isinstance(each, BaseException) for ms in each]
    p99 = quantiles(times_ms, n=100)[98]
    print(
        f"{what}: {len(times_ms)} lines in {took_s:.1f} s ({len(times_ms) / took_s:.0f} a second), "
        f"{len(errors)} errors, p50 {median(times_ms):.0f} ms, p99 {p99:.0f} ms"
    )
    for error in errors[:3]:
        print("   ", repr(error))


async def _lines(connection: ClientConnection) -> list[float]:
    return [await _speak(connection, str(number)) for number in range(_LINES_EACH)]


async def _one_after_another(connections: list[ClientConnection], what: str) -> None:
    times_ms = [await _speak(each, "x") for each in connections for _ in range(_LINES_EACH)]
    print(f"{what}: p50 {median(times_ms):.1f} ms, longest {max(times_ms):.1f} ms")


async def _speak(connection: ClientConnection, name: str) -> float:
    """Milliseconds from the frame to ``done``."""
    started = time.perf_counter()
    await connection.send(json.dumps({"action": "speak", "id": name, "text": _LINE}))
    while True:
        frame = json.loads(await connection.recv())
        if frame["type"] == "done":
            return (time.perf_counter() - started) * 1000
        assert frame["type"] in ("accepted", "audio"), frame


def _hang(client: socket.socket, base_url: str) -> None:
    """Ask for more than any buffer holds, and read none of it."""
    host = urlsplit(base_url).netloc
    client.sendall(
        f"GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: am5ubWVpbHd3bmNyYXF0ag==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    client.recv(1024)
    for number in range(_UNREAD_LINES):
        frame = json.dumps({"action": "speak", "id": str(number), "text": _LINE, "format": "wav"}).encode()
        assert len(frame) < 126
        client.sendall(bytes((0x81, 0x80 | len(frame))) + bytes(4) + frame)


def _address(server: LocalServer) -> tuple[str, int]:
    url = urlsplit(server.base_url)
    return str(url.hostname), int(url.port or 0)


def _memory_kb(server: LocalServer) -> float:
    return float(psutil.Process(server.process.pid).memory_info().rss / 1024)
