"""The WebSocket as a page meets it, played by a test: it reads what the page sends, and sends what the test says."""

from base64 import b64encode
from typing import Any, TypeVar

from playwright.sync_api import Page, WebSocketRoute

from speech_contract.frames import (
    Accepted,
    Audio,
    ClientFrame,
    Done,
    ListVoices,
    ServerFrame,
    Voices,
    client_frames,
)
from tests.builders.frames import a_done

_LIMIT_MS = 20_000
_LOOK_EVERY_MS = 10
Frame = TypeVar("Frame", bound=ClientFrame)


class FakeWebSocket:
    """Every frame of the page is checked against the contract. It may be lost; the page then comes back."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[ClientFrame] = []
        self._connections: list[WebSocketRoute] = []
        page.route_web_socket(lambda url: "/ws?" in url, self._connected)

    @property
    def urls(self) -> list[str]:
        """Where it was asked for, each time."""
        return [connection.url for connection in self._connections]

    def receive(self, kind: type[Frame]) -> Frame:
        """The next frame of a kind, in the order in which they came."""
        for _ in range(_LIMIT_MS // _LOOK_EVERY_MS):
            found = next((frame for frame in self._frames if isinstance(frame, kind)), None)
            if found is not None:
                self._frames.remove(found)
                return found
            self._page.wait_for_timeout(_LOOK_EVERY_MS)  # the browser's events come while we wait for it
        raise AssertionError(f"no {kind.__name__} came; others: {self._frames}")

    def send(self, *frames: ServerFrame) -> None:
        """To the page that connected last."""
        for frame in frames:
            self.send_text(frame.model_dump_json())

    def send_text(self, text: str) -> None:
        """Whatever it is."""
        self._connections[-1].send(text)

    def lose(self) -> None:
        """End the connection as a network does."""
        self._connections[-1].close(code=1011)

    def _connected(self, connection: WebSocketRoute) -> None:
        self._connections.append(connection)
        connection.on_message(self._take)

    def _take(self, message: str | bytes) -> None:
        frame = client_frames().validate_json(message)
        if isinstance(frame, ListVoices):
            self.send(Voices(voices=[]))
        else:
            self._frames.append(frame)


def accepted(speak: Any) -> Accepted:
    return Accepted(id=speak.id)


def audio(speak: Any, seq: int, data: bytes, *, final: bool = False, restart: bool = False) -> Audio:
    return Audio(id=speak.id, seq=seq, data=b64encode(data).decode(), final=final, restart=restart or None)


def done(speak: Any, **changes: Any) -> Done:
    return a_done(speak.id, **changes)
