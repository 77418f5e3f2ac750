import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from infra.local.gateway import GatewayLimits, create_gateway
from infra.local.server import create_server, listen
from infra.local.websocket_connections import WebSocketLimits
from infra.local.websocket_gateway import WebSocketApi
from tests.builders.websocket_site import TEXT, Event, Handler, NoAudioFiles, Site, frame

OK = {"statusCode": 200}


@contextmanager
def serving(
    react: Callable[[Event], object], limits: WebSocketLimits | None = None
) -> Iterator[tuple[Site, Callable[[], None]]]:
    """Serve until the returned function is called, which waits until the server has stopped."""
    handler = Handler(react)
    api = WebSocketApi(handler, limits=limits)
    app = create_gateway(
        lambda event, context: OK,
        audio_files=NoAudioFiles(),
        limits=GatewayLimits(),
        max_concurrency=1,
        websocket=api,
    )
    urls: queue.Queue[str] = queue.Queue()
    server = create_server(app, on_ready=urls.put)
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join(timeout=20)
            assert not thread.is_alive()

        try:
            yield Site(urls.get(timeout=20), handler, api), stop
        finally:
            server.should_exit = True
            thread.join()


def test_a_server_that_stops_says_goodbye_to_all_and_disconnects_each_once() -> None:
    with serving(lambda event: OK) as (site, stop):
        clients = [site.open()[0] for _ in range(20)]
        stop()
        for client in clients:
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(timeout=20)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        codes = [site.handler.next_close()[0] for _ in clients]
        assert codes == [1012] * 20
        assert site.handler.events.empty()
        assert not site.api.connections


def test_a_busy_handler_keeps_nobody_from_being_disconnected() -> None:
    release = threading.Event()
    react = lambda event: release.wait(20) if event["requestContext"]["eventType"] == "MESSAGE" else OK  # noqa: E731
    with serving(react) as (site, stop):
        client, _ = site.open()
        client.send("busy")
        site.handler.next("$default")
        stopping = threading.Thread(target=stop)
        stopping.start()
        assert site.handler.next_close()[0] == 1012
        release.set()
        stopping.join()
        client.close()


def test_what_was_not_begun_is_not_begun_any_more() -> None:
    release = threading.Event()
    react = lambda event: release.wait(20) if event["requestContext"]["eventType"] == "MESSAGE" else OK  # noqa: E731
    with serving(react, WebSocketLimits(in_flight_per_connection=1)) as (site, stop):
        client = site.open_raw()
        site.handler.next("$connect")
        client.socket.sendall(frame(TEXT, b"x") * 1_000)
        assert site.handler.next_body() == "x"
        stopping = threading.Thread(target=stop)
        stopping.start()
        assert client.read_close() == 1012
        release.set()
        stopping.join()
        begun = [event["requestContext"]["routeKey"] for event in iter_events(site.handler)]
        assert begun.count("$disconnect") == 1
        assert len(begun) <= 3  # the one that was read already may begin
        client.reset()


def iter_events(handler: Handler) -> Iterator[Event]:
    while not handler.events.empty():
        yield handler.events.get()


def test_a_client_that_does_not_read_does_not_keep_the_server_up() -> None:
    with serving(lambda event: OK) as (site, stop), site.open_raw(receive_buffer_bytes=4096):
        connection_id = site.handler.next("$connect")["requestContext"]["connectionId"]
        while site.post(connection_id, b"x" * 128_000) == 200:
            pass
        stop()
        assert site.handler.next_close()[0] == 1012


def test_a_handshake_that_is_under_way_is_refused_and_taken_back() -> None:
    release = threading.Event()

    def react(event: Event) -> object:
        if event["requestContext"]["eventType"] == "CONNECT":
            release.wait(20)
        return OK

    refusals: queue.Queue[Exception] = queue.Queue()

    def try_to_connect(site: Site) -> None:
        with pytest.raises(InvalidStatus) as refused:
            site.connect()
        refusals.put(refused.value)

    with serving(react) as (site, stop):
        connecting = threading.Thread(target=try_to_connect, args=(site,))
        connecting.start()
        site.handler.next("$connect")
        stopping = threading.Thread(target=stop)
        stopping.start()
        assert isinstance(refusals.get(timeout=20), InvalidStatus)
        release.set()
        assert site.handler.next_close()[0] == 1006
        stopping.join()
        connecting.join()
