"""A live room of a running server, as its bot feeds and steers it."""

import secrets
from typing import Any

import httpx

from tests.e2e.program import Server


class Room:
    """A room of its own for each test."""

    def __init__(self, server: Server, key: str | None = None) -> None:
        self.name = f"room-{secrets.token_hex(4)}"
        self.server = server
        self._headers = {"authorization": f"Bearer {key}"} if key else {}

    def patient(self) -> "Room":
        """The same, where nothing is let go because a page or the machine took its time."""
        self._ask("PUT", "", {"deadlines_ms": {"danmu": 600_000, "gift": 600_000}})
        return self

    @property
    def overlay(self) -> str:
        return f"{self.server.base_url}/overlay/{self.name}"

    @property
    def console(self) -> str:
        return f"{self.server.base_url}/console/{self.name}"

    def send(self, *texts: str, **fields: Any) -> list[dict[str, Any]]:
        """Danmu of viewers of their own; what became of each."""
        events = [{"id": secrets.token_hex(4), "viewer": f"of {text}"[:64], "text": text, **fields} for text in texts]
        answer: dict[str, Any] = self._ask("POST", "/danmu", {"events": events})
        outcomes: list[dict[str, Any]] = answer["outcomes"]
        return outcomes

    def retract(self, danmu_id: str) -> None:
        self._ask("DELETE", f"/danmu/{danmu_id}")

    def do(self, what: str) -> dict[str, Any]:
        return self._ask("POST", f"/{what}")

    def state(self) -> dict[str, Any]:
        return self._ask("GET", "")

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        url = f"{self.server.base_url}/v1/rooms/{self.name}{path}"
        answer = httpx.request(method, url, json=body, headers=self._headers, timeout=60)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found
