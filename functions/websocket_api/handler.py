"""The Lambda entry point: ``functions.websocket_api.handler.handler``."""

from typing import Any

from danmu_tts import process_loop
from danmu_tts.observability import request_scope
from functions.warm_up import at_start


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one event of API Gateway's WebSocket API. Answers go through ``@connections``, not back from here."""
    return process_loop.run(_serve(event))


async def _serve(event: dict[str, Any]) -> dict[str, Any]:
    from danmu_tts.bootstrap import container
    from functions.websocket_api import lifecycle, messages
    from functions.websocket_api.connections import connection_of

    built, kind = container(), event["requestContext"]["eventType"]
    with request_scope(str(event["requestContext"]["requestId"])):
        connection = connection_of(event, built.settings)
        if kind == "CONNECT":
            return await lifecycle.connect(built, connection, event)
        if kind == "DISCONNECT":
            return await lifecycle.disconnect(built, connection)
        return await messages.receive(built, connection, event.get("body") or "")


def load() -> None:
    """Import what answers, before the first event."""
    from functions.websocket_api import lifecycle, messages  # noqa: F401


def _warm() -> None:
    from danmu_tts.bootstrap import container, warm

    load()
    warm(container())


at_start(_warm)
