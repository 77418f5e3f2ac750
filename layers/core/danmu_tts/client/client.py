"""Utterances and questions over one line."""

import asyncio
import secrets
import urllib.request
from contextlib import suppress
from typing import Self, TypeVar, Unpack
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from pydantic import ValidationError

from danmu_tts.background import Background
from danmu_tts.client.errors import ClientError, NotConnectedError, SpeechError
from danmu_tts.client.line import Line, Send, websocket_url
from danmu_tts.client.utterance import SpeakOptions, Spoken, Utterance
from speech_contract import frames
from speech_contract.frames import AnyServerFrame
from speech_contract.speech import VoiceAnswer

F = TypeVar("F", bound=AnyServerFrame)

_FETCH_LIMIT_S = 30.0
_RESUMED_AT_ONCE = 32
_GONE = "not_found"
_ASKING = ("voices", "ping")


class Client:
    """Use it as ``async with Client(url) as client``. All calls come from one event loop."""

    def __init__(self, url: str = "http://127.0.0.1:8000", api_key: str | None = None, patience_s: float = 30) -> None:
        """Opens nothing yet.

        Args:
            url: of the server (``/ws`` is added), or of the WebSocket itself: ``wss://…``.
            api_key: or a room token; none where the server is on this machine.
            patience_s: how long to go on without a connection before giving up.

        Raises:
            ValueError: the URL is none.
        """
        self._url = websocket_url(url)
        self._patience_s = patience_s
        query = urlencode({"client": secrets.token_hex(16)})
        self._line = Line(
            f"{self._url}?{query}",
            api_key,
            patience_s,
            on_open=self._resume,
            on_message=self._receive,
            on_end=self._fail,
        )
        self._utterances: dict[str, Utterance] = {}
        self._sent: set[str] = set()
        self._resuming: set[str] = set()
        self._asking = asyncio.Lock()
        self._answers: asyncio.Queue[AnyServerFrame | ClientError] = asyncio.Queue()
        self._sending = Background()

    async def __aenter__(self) -> Self:
        """Connect. Raises NotConnectedError and RefusedError."""
        try:
            await self._line.open()
        except BaseException:
            await self._line.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up. What is not finished is cancelled by the server soon."""
        await self._sending.finish()
        await self._line.close()

    async def speak(self, text: str, **options: Unpack[SpeakOptions]) -> Spoken:
        """Speak a text and return all of it. Raises SpeechError and NotConnectedError."""
        return await self.stream(text, **options).all()

    def stream(self, text: str, **options: Unpack[SpeakOptions]) -> Utterance:
        """Begin to speak a text; iterate over what comes. Raises ValueError for what no server would take."""
        speak = frames.Speak.model_validate({"id": secrets.token_hex(8), "text": text, **options})
        utterance = Utterance(speak, self._cancel, self._fetch, self._leave)
        self._utterances[speak.id] = utterance
        self._sending.start(self._begin(utterance))
        return utterance

    async def voices(self, language: str | None = None, backend: str | None = None) -> list[VoiceAnswer]:
        """Who can speak now. Raises SpeechError and NotConnectedError."""
        found: list[VoiceAnswer] = []
        async with self._asking:
            await self._line.send(frames.ListVoices(language=language, backend=backend))
            is_final = False
            while not is_final:
                answer = await self._answer(frames.Voices)
                found += answer.voices
                is_final = answer.final
        return found

    async def ping(self) -> None:
        """Wait for a pong. Raises NotConnectedError."""
        async with self._asking:
            await self._line.send(frames.Ping())
            await self._answer(frames.Pong)

    async def _answer(self, kind: type[F]) -> F:
        """The next answer of that kind to what was asked last."""
        while True:
            try:
                answer = await asyncio.wait_for(self._answers.get(), self._patience_s)
            except TimeoutError as error:
                raise NotConnectedError("The server does not answer.") from error
            if isinstance(answer, ClientError):
                raise answer
            if isinstance(answer, frames.Error):
                raise SpeechError(answer)
            if isinstance(answer, kind):
                return answer

    async def _begin(self, utterance: Utterance) -> None:
        try:
            await self._line.send(utterance.speak)
            if utterance.id in self._utterances:
                self._sent.add(utterance.id)
        except ClientError as error:
            utterance.receive(error)

    async def _cancel(self, utterance_id: str) -> None:
        await self._sending.finish()  # what is to be cancelled must have been asked for
        if utterance_id in self._utterances:
            await self._line.send(frames.Cancel(id=utterance_id))

    async def _leave(self, utterance: Utterance) -> None:
        """Nobody listens to it any more."""
        if not utterance.has_ended:
            with suppress(ClientError):
                await self._cancel(utterance.id)
        self._forget(utterance.id)

    async def _fetch(self, url: str) -> bytes:
        """Long audio by its URL, which may be relative to the server."""
        parts = urlsplit(self._url)
        server = urlunsplit(("https" if parts.scheme == "wss" else "http", parts.netloc, "/", "", ""))
        address = urljoin(server, url)
        if urlsplit(address).scheme not in ("http", "https"):
            raise NotConnectedError("The audio's address is none of the web.")

        def get() -> bytes:
            with urllib.request.urlopen(address, timeout=_FETCH_LIMIT_S) as answer:  # noqa: S310 - looked at above
                data: bytes = answer.read()
            return data

        try:
            return await asyncio.to_thread(get)
        except OSError as error:
            raise NotConnectedError(f"The audio cannot be fetched: {error}.") from error

    async def _resume(self, send: Send) -> None:
        """Ask for the rest of what is not finished."""
        self._resuming = {each for each in self._sent if each in self._utterances}
        unfinished = [frames.Unfinished(id=each, seq=self._utterances[each].seq) for each in self._resuming]
        for start in range(0, len(unfinished), _RESUMED_AT_ONCE):
            await send(frames.Resume(speaks=tuple(unfinished[start : start + _RESUMED_AT_ONCE])))

    async def _receive(self, message: str | bytes, send: Send) -> None:
        try:
            frame = frames.server_frames().validate_json(message)
        except ValidationError:
            return  # API Gateway has words of its own, and a newer server may have more
        utterance_id = _concerned(frame)
        if utterance_id is None:
            if self._asking.locked() and not (isinstance(frame, frames.Error) and frame.action not in _ASKING):
                self._answers.put_nowait(frame)
            return
        utterance = self._utterances.get(utterance_id)
        if utterance is None:
            return
        if isinstance(frame, frames.Done) and utterance.lacks_some_of(frame):
            self._resuming.discard(utterance_id)
            utterance.begin_anew()
            await send(utterance.speak)
            return
        if isinstance(frame, frames.Error) and frame.error.code == _GONE and utterance_id in self._resuming:
            self._resuming.discard(utterance_id)
            utterance.begin_anew()
            await send(utterance.speak)
            return
        utterance.receive(frame)
        if utterance.has_ended:  # whoever iterates over it has it still
            self._forget(utterance_id)

    def _forget(self, utterance_id: str) -> None:
        self._utterances.pop(utterance_id, None)
        self._sent.discard(utterance_id)

    def _fail(self, error: ClientError) -> None:
        for utterance in list(self._utterances.values()):
            utterance.receive(error)
        if self._asking.locked():
            self._answers.put_nowait(error)


def _concerned(frame: AnyServerFrame) -> str | None:
    """The utterance that a frame is about. One whose ``speak`` was refused ends with that."""
    if isinstance(frame, frames.Error) and frame.action == "speak":
        return frame.about
    utterance_id: str | None = getattr(frame, "id", None)
    return utterance_id
