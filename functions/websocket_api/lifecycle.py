"""How a connection begins and ends."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from danmu_tts.bootstrap import Container
from danmu_tts.callers import event_headers
from danmu_tts.domain.connections import Connection
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import get_logger
from danmu_tts.wire import error_detail
from speech_contract.frames import SUBPROTOCOL

access_log = get_logger("access")


async def connect(built: Container, connection: Connection, event: Mapping[str, Any]) -> dict[str, Any]:
    """Let it in, under the subprotocol that it offers if that is ours."""
    if "client" in (event.get("queryStringParameters") or {}) and connection.client is None:
        message = "client: 16 to 64 letters, digits, - and _, which nobody can guess."
        return {
            "statusCode": 400,
            "body": json.dumps({"error": error_detail(400, "invalid_request", message).model_dump()}),
        }
    await built.sessions.connect(connection)
    await _count(built)
    access_log.info("connected")
    offered = [name.strip() for name in event_headers(event).get("sec-websocket-protocol", "").split(",")]
    return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": SUBPROTOCOL} if SUBPROTOCOL in offered else {}}


async def disconnect(built: Container, connection: Connection) -> dict[str, Any]:
    """Forget it."""
    await built.sessions.disconnect(connection)
    await _count(built)
    access_log.info("disconnected")
    return {"statusCode": 200}


async def _count(built: Container) -> None:
    """Here, because nobody scrapes a Lambda."""
    with suppress(StoreAwayError):
        built.metrics.connections(await built.sessions.count())
