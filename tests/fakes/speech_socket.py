"""Microsoft's speech protocol over a WebSocket, as the read-aloud service and Azure have it in common.

A text message is headers, an empty line and a body. A binary message is the headers' length in two bytes, the headers
and the data.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from tests.fakes.audio_stream import chunks_of, no_audio, share_of
from tests.fakes.connection import hang_up
from tests.fakes.speech import Spoken
from tests.fakes.vendor import Fault

TICKS_PER_MS = 10_000
_STREAM_ID = "5D1E2C3B4A59687786950A1B2C3D4E5F"
_GARBAGE = (Fault.GARBAGE, Fault.GARBAGE_AUDIO_TYPE)


@dataclass(frozen=True)
class Message:
    """What the client sent."""

    path: str
    request_id: str
    body: str


def parse_message(message: WSMessage) -> Message | None:
    """``None`` for a message that has no headers."""
    if message.type is WSMsgType.TEXT:
        head, _, body = message.data.partition("\r\n\r\n")
    elif message.type is WSMsgType.BINARY and len(message.data) > 2:
        end = 2 + int.from_bytes(message.data[:2], "big")
        head, body = message.data[2:end].decode(), message.data[end:].decode("utf-8", "backslashreplace")
    else:
        return None
    lines = (line.partition(":") for line in head.split("\r\n"))
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    return Message(headers.get("path", "").lower(), headers.get("x-requestid", ""), body)


@dataclass(frozen=True)
class Boundary:
    """A word or a sentence, as the metadata calls it."""

    kind: str
    spoken: Spoken


@dataclass(frozen=True)
class Turn:
    """The answer to one document.

    Args:
        session_end: tell the length at the end, as Azure does where it was asked to.
        chunk_bytes: audio a message.
    """

    request: web.Request
    socket: web.WebSocketResponse
    request_id: str
    content_type: str
    chunk_bytes: int
    session_end: bool = False

    async def play(
        self, audio: bytes, duration_ms: int, boundaries: Sequence[Boundary], fault: Fault, delay_s: float
    ) -> None:
        """Say it all, or as much and as well as ``fault`` allows."""
        if fault is Fault.MUTE_FOR_EVER:
            await self._stall()
            return
        await self._say("turn.start", {"context": {"serviceTag": self.request_id}})
        inline = {"type": "inline", "streamId": _STREAM_ID}
        await self._say("response", {"context": {"serviceTag": self.request_id}, "audio": inline})
        if fault is Fault.SLOW:
            await asyncio.sleep(delay_s)
        part = no_audio() if fault in _GARBAGE else share_of(audio, fault)
        played_ms = duration_ms if fault in _GARBAGE or not audio else duration_ms * len(part) // len(audio)
        heard = iter([each for each in boundaries if each.spoken.offset_ms < played_ms])
        for chunk in chunks_of(part, self.chunk_bytes):
            await self._audio(chunk)
            # Metadata comes among the audio: here a boundary a message until all are told.
            await self._tell(heard, 1)
        await self._tell(heard)
        if fault is Fault.STALLED:
            await self._stall()
            return
        if fault is Fault.TRUNCATED:
            await hang_up(self.request)
        await self._finish(bool(part), played_ms)

    async def _stall(self) -> None:
        """Send nothing more, but let the client say goodbye: else it waits for the answer to its own."""
        while (await self.socket.receive()).type in (WSMsgType.TEXT, WSMsgType.BINARY):
            pass

    async def _finish(self, spoke: bool, played_ms: int) -> None:
        if spoke:
            await self._audio(b"")
            if self.session_end:
                await self._metadata({"Type": "SessionEnd", "Data": {"Offset": played_ms * TICKS_PER_MS}})
        await self._say("turn.end", {})

    async def _tell(self, boundaries: Iterator[Boundary], limit: int | None = None) -> None:
        for count, boundary in enumerate(boundaries, 1):
            await self._metadata(_boundary(boundary))
            if count == limit:
                return

    async def _metadata(self, entry: dict[str, Any]) -> None:
        await self._say("audio.metadata", {"Metadata": [entry]})

    async def _say(self, path: str, body: object) -> None:
        head = f"X-RequestId:{self.request_id}\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n"
        await self.socket.send_str(f"{head}\r\n{json.dumps(body, ensure_ascii=False)}")

    async def _audio(self, data: bytes) -> None:
        """No data, and then no content type either, ends the audio."""
        content_type = f"Content-Type:{self.content_type}\r\n" if data else ""
        head = f"X-RequestId:{self.request_id}\r\n{content_type}X-StreamId:{_STREAM_ID}\r\nPath:audio\r\n".encode()
        await self.socket.send_bytes(len(head).to_bytes(2, "big") + head + data)


def _boundary(boundary: Boundary) -> dict[str, Any]:
    text, offset_ms, duration_ms = boundary.spoken
    return {
        "Type": boundary.kind,
        "Data": {
            "Offset": offset_ms * TICKS_PER_MS,
            "Duration": duration_ms * TICKS_PER_MS,
            "text": {"Text": text, "Length": len(text), "BoundaryType": boundary.kind},
        },
    }
