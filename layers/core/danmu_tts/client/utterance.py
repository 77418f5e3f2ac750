"""One text on its way to being heard."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypedDict

from danmu_tts.client.errors import ClientError, NotConnectedError, SpeechCancelledError, SpeechError
from speech_contract.fields import FormatName
from speech_contract.frames import Accepted, AnyServerFrame, Audio, Cancelled, Done, Error, Speak

# The server itself gives up after 29 s.
_SILENCE_LIMIT_S = 40.0


class SpeakOptions(TypedDict, total=False):
    """How a text is to be spoken; see ``speech_contract.speech.SpeechFields``."""

    voice: str
    backend: str
    format: FormatName
    speed: float
    pitch: float
    volume: float
    style: str
    language: str
    priority: Literal["low", "normal", "high"]
    deadline_ms: int
    captions: bool
    room: str
    viewer: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Some audio.

    Attributes:
        data: the next bytes of a file of the format that was asked for.
        restart: another voice begins, or the same one anew: what came before is void.
    """

    data: bytes
    restart: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """All audio of a text, and what the server says of it."""

    audio: bytes
    done: Done


class Utterance:
    """Iterate over it, once, to hear its pieces as they are made. ``done`` is there afterwards."""

    def __init__(
        self,
        speak: Speak,
        send_cancel: Callable[[str], Awaitable[None]],
        fetch: Callable[[str], Awaitable[bytes]],
        leave: Callable[["Utterance"], Awaitable[None]],
    ) -> None:
        """Made by ``Client.stream``. ``fetch`` gets long audio by its URL."""
        self.speak = speak
        self.done: Done | None = None
        self.has_ended = False
        self._send_cancel = send_cancel
        self._fetch = fetch
        self._leave = leave
        self._frames: asyncio.Queue[AnyServerFrame | ClientError] = asyncio.Queue()
        self._seq = 0
        self._is_void = False
        self._received: int | None = 0
        self._may_ask_anew = True

    @property
    def id(self) -> str:
        """What it is called over the wire."""
        return self.speak.id

    @property
    def seq(self) -> int:
        """The first piece that was not received."""
        return self._seq

    def receive(self, frame: AnyServerFrame | ClientError) -> None:
        """Take what the server says of it, or why it will say nothing more."""
        if isinstance(frame, Audio):
            if frame.seq != self._seq:
                return  # it was sent again after a reconnect
            self._seq += 1
            self._count(frame)
            if self._is_void:
                frame, self._is_void = frame.model_copy(update={"restart": True}), False
        self.has_ended = self.has_ended or not isinstance(frame, Accepted | Audio)
        self._frames.put_nowait(frame)

    def begin_anew(self) -> None:
        """The server has lost it and was asked to speak it again: what came until now is void."""
        self._is_void = self._is_void or self._seq > 0
        self._seq = self._received = 0

    def lacks_some_of(self, done: Done) -> bool:
        """Whether not all came that was sent; asked once, for a second time would not mend it."""
        is_lacking = self._may_ask_anew and self._received is not None and self._received != done.bytes
        self._may_ask_anew = False
        return is_lacking

    def _count(self, piece: Audio) -> None:
        """Bytes so far; None for what goes by URL."""
        data = piece.data
        if data is None:
            self._received = None
            return
        before = 0 if piece.restart else self._received or 0
        self._received = before + len(data) // 4 * 3 - data[-2:].count("=")

    async def cancel(self) -> None:
        """Let it be. Whoever iterates gets SpeechCancelledError, unless it was done by then."""
        await self._send_cancel(self.id)

    async def all(self) -> Spoken:
        """Wait for all of it. Raises what iterating raises."""
        audio = bytearray()
        async for piece in self:
            if piece.restart:
                audio.clear()
            audio += piece.data
        assert self.done is not None  # noqa: S101 - iterating ends with it or raises
        return Spoken(bytes(audio), self.done)

    async def __aiter__(self) -> AsyncIterator[Piece]:
        """Its pieces. Raises SpeechError, SpeechCancelledError and NotConnectedError. Who leaves early cancels it."""
        try:
            while self.done is None:
                frame = await self._next()
                if isinstance(frame, Audio):
                    yield await self._piece(frame)
                else:
                    self._end(frame)
        finally:
            await self._leave(self)

    async def _next(self) -> AnyServerFrame | ClientError:
        try:
            return await asyncio.wait_for(self._frames.get(), _SILENCE_LIMIT_S)
        except TimeoutError:
            return NotConnectedError(f"The server has said nothing of it for {_SILENCE_LIMIT_S:g} s.")

    async def _piece(self, frame: Audio) -> Piece:
        data = await self._fetch(frame.url) if frame.url else base64.b64decode(frame.data or "")
        return Piece(data, bool(frame.restart))

    def _end(self, frame: AnyServerFrame | ClientError) -> None:
        match frame:
            case Done():
                self.done = frame
            case Cancelled():
                raise SpeechCancelledError(f"The utterance {self.id} was cancelled.")
            case Error():
                raise SpeechError(frame)
            case ClientError():
                raise frame
            case _:
                assert isinstance(frame, Accepted)  # noqa: S101 - what else the server says of an utterance
