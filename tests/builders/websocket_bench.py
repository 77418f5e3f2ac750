"""The WebSocket function over a backend that hums and a gateway in memory."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danmu_tts.bootstrap import Container, build
from danmu_tts.domain.connections import Connection
from danmu_tts.ports import Backend
from danmu_tts.settings import (
    BudgetSettings,
    CacheSettings,
    RoomsSettings,
    SecuritySettings,
    Settings,
    TtsSettings,
    WebSocketSettings,
)
from functions.websocket_api import messages
from speech_contract.frames import AnyServerFrame
from tests.builders.fake_backend import FakeBackend
from tests.builders.fake_pusher import FakePusher

CLIENT = "a-client-of-its-own"


@dataclass(frozen=True)
class WebSocketBench:
    """One process of the function. Close its container afterwards."""

    container: Container
    pusher: FakePusher

    async def receive(self, connection: Connection, frame: Any) -> None:
        """As if a connection had sent this frame, or this text."""
        body = frame if isinstance(frame, str) else json.dumps(frame)
        assert await messages.receive(self.container, connection, body) == {"statusCode": 200}

    def begin(self, connection: Connection, frame: Any) -> "asyncio.Task[None]":
        """The same, behind the test."""
        return asyncio.create_task(self.receive(connection, frame))

    def sent(self, connection: Connection) -> list[AnyServerFrame]:
        return self.pusher.sent[connection.id]

    def kinds(self, connection: Connection) -> list[str]:
        """The types of what a connection was sent; several pieces of audio in a row count as one."""
        kinds = [frame.type for frame in self.sent(connection)]
        return [kind for index, kind in enumerate(kinds) if kinds[index - 1 : index] != [kind] or kind != "audio"]


def websocket_bench(
    directory: Path,
    backend: Backend | None = None,
    pusher: FakePusher | None = None,
    websocket: Mapping[str, Any] | None = None,
    clock: Callable[[], float] = time.perf_counter,
    **settings: Any,
) -> WebSocketBench:
    pusher = pusher or FakePusher()
    given = Settings(
        tts=TtsSettings(backends=()),
        cache=CacheSettings(directory=directory / "cache"),
        budget=BudgetSettings(file=directory / "spend.sqlite3"),
        rooms=RoomsSettings(directory=directory / "rooms"),
        security=SecuritySettings(keys_directory=directory / "keys"),
        websocket=WebSocketSettings.model_validate({"return_ms": 200} | dict(websocket or {})),
        **settings,
    )
    container = build(given, backends={"fake": backend or FakeBackend()}, pusher=pusher, clock=clock)
    return WebSocketBench(container, pusher)


def a_connection(number: int = 0, client: str | None = None) -> Connection:
    """Somebody on this machine."""
    return Connection(f"connection-{number}", "http://gateway", client=client)


def speak(utterance_id: str = "a", text: str = "你好", **fields: Any) -> dict[str, Any]:
    return {"action": "speak", "id": utterance_id, "text": text, "format": "pcm", **fields}
