"""One WebSocket connection, frame by frame."""

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection

Frame = dict[str, Any]

_TIMEOUT_S = 20
_ENDS = ("done", "cancelled", "error")


@dataclass(frozen=True)
class Heard:
    """What came of one utterance, from its acceptance (or from where it was resumed) to its end."""

    frames: list[Frame]

    @property
    def end(self) -> Frame:
        return self.frames[-1]

    @property
    def pieces(self) -> list[Frame]:
        return [frame for frame in self.frames if frame["type"] == "audio"]

    @property
    def audio(self) -> bytes:
        return b"".join(base64.b64decode(piece["data"]) for piece in self.pieces)


class Line:
    """Sends and reads what it is told to."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, action: str, **fields: Any) -> None:
        await self.send_text(json.dumps({"action": action, **fields}))

    async def send_text(self, text: str) -> None:
        await self.connection.send(text)

    async def receive(self) -> Frame:
        """The next frame of the server's."""
        message = await asyncio.wait_for(self.connection.recv(), _TIMEOUT_S)
        frame: Frame = json.loads(message)
        return frame

    async def ask(self, action: str, **fields: Any) -> Frame:
        """Send, and return what comes next."""
        await self.send(action, **fields)
        return await self.receive()

    async def first_piece(self, utterance_id: str) -> list[Frame]:
        """All frames up to the first audio of an utterance that was just sent."""
        accepted, audio = await self.receive(), await self.receive()
        assert accepted == {"type": "accepted", "id": utterance_id}
        assert (audio["type"], audio["id"], audio["seq"]) == ("audio", utterance_id, 0)
        return [accepted, audio]

    async def rest(self, utterance_id: str) -> Heard:
        """Everything up to the end of an utterance, which must be all that comes."""
        frames: list[Frame] = []
        while not frames or frames[-1]["type"] not in _ENDS:
            frames.append(await self.receive())
            assert frames[-1].get("id") == utterance_id, frames[-1]
        return Heard(frames)

    async def speak(self, text: str, **fields: Any) -> Heard:
        """Speak a text and hear all of it."""
        fields = {"id": "spoken", **fields}
        await self.send("speak", text=text, **fields)
        return await self.rest(fields["id"])

    async def is_quiet(self) -> bool:
        """Whether nothing came that was not asked for, until now."""
        return await self.ask("ping") == {"type": "pong"}

    def cut(self) -> None:
        """Lose the connection without a word, as a phone in a tunnel does."""
        self.connection.transport.abort()
