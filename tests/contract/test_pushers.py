"""Telling a connection something: through the real gateway over HTTP, and in the memory that tests use."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from danmu_tts.adapters.connections.management_api import ManagementApi
from danmu_tts.domain.connections import Connection, ListenerBusyError, ListenerGoneError
from danmu_tts.ports import Pusher
from infra.local.gateway import GatewayLimits, create_gateway
from infra.local.websocket_gateway import WebSocketApi
from speech_contract.frames import Accepted, AnyServerFrame, Pong, server_frames
from tests.builders.fake_pusher import FakePusher
from tests.builders.serving import serving
from tests.builders.websocket_site import Handler, NoAudioFiles, Site

FRAMES: tuple[AnyServerFrame, ...] = (Pong(), Accepted(id="a"), Accepted(id="你好"))


@dataclass
class Line:
    """One listener and the pusher that reaches it."""

    pusher: Pusher
    connection: Connection
    heard: Callable[[int], "asyncio.Future[list[AnyServerFrame]]"]
    leave: Callable[[], object]


async def _real() -> AsyncIterator[Line]:
    handler = Handler()
    api = WebSocketApi(handler)
    app = create_gateway(
        lambda event, context: {"statusCode": 404},
        audio_files=NoAudioFiles(),
        limits=GatewayLimits(),
        max_concurrency=8,
        websocket=api,
    )
    with serving(app) as base_url:
        client, connection_id = Site(base_url, handler, api).open()
        pusher = ManagementApi()

        def hear(count: int) -> "asyncio.Future[list[AnyServerFrame]]":
            def read() -> list[AnyServerFrame]:
                return [server_frames().validate_json(client.recv(timeout=20)) for _ in range(count)]

            return asyncio.ensure_future(asyncio.to_thread(read))

        def leave() -> None:
            client.close()
            handler.next("$disconnect")

        yield Line(pusher, Connection(connection_id, base_url), hear, leave)
        await pusher.close()
        client.close()


async def _fake() -> AsyncIterator[Line]:
    pusher = FakePusher()

    def hear(count: int) -> "asyncio.Future[list[AnyServerFrame]]":
        return asyncio.ensure_future(pusher.until_sent("here", count))

    yield Line(pusher, Connection("here", "http://gateway"), hear, lambda: pusher.gone.add("here"))


@pytest.fixture(params=[_real, _fake], ids=["real", "fake"])
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    async for each in request.param():
        yield each


async def test_frames_arrive_in_order(line: Line) -> None:
    for frame in FRAMES:
        await line.pusher.push(line.connection, frame.encode())
    assert await line.heard(len(FRAMES)) == list(FRAMES)


async def test_who_left_is_gone(line: Line) -> None:
    line.leave()
    with pytest.raises(ListenerGoneError):
        await line.pusher.push(line.connection, Pong().encode())


async def test_who_was_hung_up_on_is_gone(line: Line) -> None:
    await line.pusher.hang_up(line.connection)
    await line.pusher.hang_up(line.connection)
    with pytest.raises(ListenerGoneError):
        await line.pusher.push(line.connection, Pong().encode())


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_gateway_that_has_too_much_to_do_is_busy(status: int) -> None:
    async def refuse(_: Request) -> Response:
        return Response(status_code=status)

    pusher = ManagementApi()
    with serving(Starlette(routes=[Route("/@connections/{id:path}", refuse, methods=["POST"])])) as base_url:
        with pytest.raises(ListenerBusyError):
            await pusher.push(Connection("L0SM9cOFvHcCIhw=", base_url), b"{}")
        await pusher.close()


async def test_a_gateway_that_is_not_there_is_busy() -> None:
    pusher = ManagementApi()
    with pytest.raises(ListenerBusyError):
        await pusher.push(Connection("here", "http://127.0.0.1:9"), b"{}")
    await pusher.hang_up(Connection("here", "http://127.0.0.1:9"))
    await pusher.close()


async def test_a_gateway_that_hangs_is_busy_when_the_time_is_up() -> None:
    left = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    pusher = ManagementApi(timeout_s=0.2)
    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ListenerBusyError):
            await pusher.push(Connection("here", f"http://127.0.0.1:{port}"), b"{}")
        await pusher.close()
        await left.wait()
