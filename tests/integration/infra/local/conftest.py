from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.types import ASGIApp

from infra.local.gateway import GatewayLimits, create_gateway
from infra.local.invocations import LambdaHandler
from infra.local.websocket_connections import WebSocketLimits
from infra.local.websocket_gateway import WebSocketApi
from tests.builders.serving import serving
from tests.builders.websocket_site import Handler, NoAudioFiles, Reaction, Site


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[ASGIApp], str]]:
    """Serves an application over real TCP until the module's tests are done, and returns its base URL."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app))


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
