"""Where the WebSocket tests go: our gateway, and an emulator of AWS that others wrote."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.e2e.program import run_keys
from tests.e2e.websocket_line import Line


class Ability(Enum):
    """What AWS does and not everybody who plays it; the value says what is done instead."""

    MESSAGES_SIDE_BY_SIDE = "it takes a connection's next message only when the function is through with the last one"
    CHOOSES_SUBPROTOCOL = "it does not pass on the subprotocol that $connect chose"
    LIMITS_MESSAGES = "it takes messages of any kind and size"


@dataclass(frozen=True)
class Target:
    """A WebSocket API, and the operator's key to it.

    Attributes:
        url: where clients connect.
        environment: what ``danmu-tts keys`` needs to reach its keys, run in ``home``.
        key: an API key that may speak.
        lacks: what it does not do as AWS does.
        unauthorized_status: the handshake's answer where the authoriser said "Unauthorized": 401 on AWS.
        refused_status: the handshake's answer where ``$connect`` said 400, which is what AWS answers too.
        crowd: connections that it serves at once without much ado.
    """

    url: str
    home: Path
    environment: Mapping[str, str]
    key: str
    lacks: frozenset[Ability] = field(default=frozenset())
    unauthorized_status: int = 401
    refused_status: int = 400
    crowd: int = 20

    def needs(self, ability: Ability) -> None:
        """Skip the test where the target cannot do what it is about."""
        if ability in self.lacks:
            pytest.skip(f"unlike AWS, {ability.value}")

    @asynccontextmanager
    async def line(self, query: str = "", **options: Any) -> AsyncIterator[Line]:
        """A connection by the operator's key, without anything that a client of ours would add."""
        options = {"additional_headers": {"Authorization": f"Bearer {self.key}"}, **options}
        async with connect(f"{self.url}{query}", proxy=None, max_size=None, **options) as connection:
            yield Line(connection)

    async def keys(self, *arguments: str) -> str:
        """Run ``danmu-tts keys``; what it prints."""
        return await asyncio.to_thread(run_keys, self.home, self.environment, *arguments)
