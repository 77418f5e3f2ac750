import queue
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from starlette.types import ASGIApp

from infra.local.gateway import GatewayLimits, create_gateway
from infra.local.invocations import LambdaHandler
from infra.local.server import create_server, listen
from infra.local.websocket_connections import WebSocketLimits
from infra.local.websocket_gateway import WebSocketApi
from tests.builders.websocket_site import Handler, NoAudioFiles, Reaction, Site


@contextmanager
def _serving(app: ASGIApp) -> Iterator[str]:
    urls: queue.Queue[str] = queue.Queue()
    server = create_server(app, on_ready=urls.put)
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield urls.get(timeout=20)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[ASGIApp], str]]:
    """Serves an application over real TCP until the module's tests are done, and returns its base URL."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(_serving(app))


StartWebSocket = Callable[..., Site]


@pytest.fixture(scope="module")
def start_websocket(serve: Callable[[ASGIApp], str]) -> StartWebSocket:
    """Serves a WebSocket API over real TCP."""

    def start(
        react: Reaction | None = None,
        *,
        authorizer: LambdaHandler | None = None,
        routes: Collection[str] = ("$connect", "$disconnect", "$default"),
        **limits: Any,
    ) -> Site:
        handler = Handler(react)
        api = WebSocketApi(handler, authorizer=authorizer, routes=routes, limits=WebSocketLimits(**limits))
        app = create_gateway(
            lambda event, context: {"statusCode": 404},
            audio_files=NoAudioFiles(),
            limits=GatewayLimits(),
            max_concurrency=8,
            websocket=api,
        )
        return Site(serve(app), handler, api)

    return start
