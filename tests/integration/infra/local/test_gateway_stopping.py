import asyncio
import json
import threading
from typing import Any, NoReturn

import pytest
from starlette.types import Message, Scope

from infra.local.gateway import GatewayLimits, create_gateway


class NoFiles:
    def open_signed(self, key: str, *, expires: str, signature: str) -> NoReturn:
        raise FileNotFoundError(key)


@pytest.fixture
def may_end() -> Any:
    event = threading.Event()
    yield event
    event.set()


async def test_whoever_is_in_flight_when_the_server_has_waited_enough_is_told_so(may_end: threading.Event) -> None:
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        loop.call_soon_threadsafe(started.set)
        may_end.wait()
        return {"statusCode": 200}

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "http_version": "1.1",
        "headers": [], "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    gateway = create_gateway(handler, audio_files=NoFiles(), limits=GatewayLimits(), max_concurrency=1)
    request = asyncio.create_task(gateway(scope, receive, send))
    await started.wait()
    request.cancel()
    await request
    assert sent[0]["status"] == 503
    assert json.loads(sent[1]["body"])["error"]["code"] == "backend_unavailable"
    may_end.set()
