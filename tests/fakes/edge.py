"""Microsoft Edge's read-aloud service, as edge-tts talks to it."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from aiohttp import web
from edge_tts.constants import TRUSTED_CLIENT_TOKEN

from tests.fakes.speech import Speech, Spoken, piper_speech
from tests.fakes.speech_socket import Boundary, Message, Turn, parse_message
from tests.fakes.ssml import EDGE_ELEMENTS, BadSSMLError, read_ssml
from tests.fakes.vendor import REFUSAL_STATUS, Fault, Received, VendorServer

_BASE = "/consumer/speech/synthesize/readaloud"
_OUTPUT_FORMAT = "audio-24khz-48kbitrate-mono-mp3"
_CHUNK_BYTES = 720
# A SHA-256, which newer clients lead with a 64-bit checksum. Whether it fits the time is not looked at.
_TOKEN = re.compile(r"([0-9A-F]{16}-)?[0-9A-F]{64}")
_VOICES = Path(__file__).parent / "data" / "edge_voices.json"
_ANSWERED_IN_THE_TURN = (Fault.BAD_INPUT, Fault.VOICE_GONE)


class FakeEdge(VendorServer):
    """``point_edge_tts_at`` it. ``voices`` is the list that it offers; take one out, and it is withdrawn."""

    def __init__(self, speech: Callable[[str, float], Speech] = piper_speech) -> None:
        super().__init__(speech)
        self.voices = _all_voices()

    def reset(self) -> None:
        super().reset()
        self.voices = _all_voices()

    def _routes(self) -> Sequence[web.AbstractRouteDef]:
        return [web.get(f"{_BASE}/edge/v1", self._read_aloud), web.get(f"{_BASE}/voices/list", self._voice_list)]

    async def _voice_list(self, request: web.Request) -> web.StreamResponse:
        if not _has_token(request):
            self.voice_list_requests += 1
            return web.Response(status=403)
        return await self.list_voices(request, self.voices)

    async def _read_aloud(self, request: web.Request) -> web.StreamResponse:
        self.count_connection(request)
        fault = self.fault
        refused = 0 if fault in _ANSWERED_IN_THE_TURN else REFUSAL_STATUS.get(fault, 0)
        if not _has_token(request):
            refused = 403
        if refused or fault is Fault.RESET:
            self.count_request()
            fault = self.take_fault()
            await self.hold_back(request, fault)
            return web.Response(status=refused, headers=self.retry_after_headers(fault))
        # Edge asks for permessage-deflate and gets it.
        socket = web.WebSocketResponse(compress=True)
        await socket.prepare(request)
        boundary, output_format = "", ""
        async for raw in socket:
            message = parse_message(raw)
            if message and message.path == "speech.config":
                boundary, output_format = _read_config(message.body)
            elif message and message.path == "ssml":
                await self._answer(request, socket, message, boundary, output_format)
        return socket

    async def _answer(
        self, request: web.Request, socket: web.WebSocketResponse, message: Message, boundary: str, output_format: str
    ) -> None:
        self.count_request()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            document = read_ssml(message.body, EDGE_ELEMENTS)
            if output_format != _OUTPUT_FORMAT:
                raise BadSSMLError(f"Unsupported output format {output_format}.")
        except BadSSMLError as error:
            self.received.append(Received(raw=message.body, headers=headers, malformed=True))
            await socket.close(code=1007, message=str(error).encode()[:120])
            return
        self.received.append(
            Received(
                text=document.text,
                voice=document.voice,
                rate=document.rate,
                pitch=document.pitch,
                volume=document.volume,
                output_format=output_format,
                raw=message.body,
                headers=headers,
            )
        )
        fault = self.take_fault()
        if fault is Fault.BAD_INPUT:
            await socket.close(code=1007, message=b"Invalid SSML.")
            return
        # The turn of a voice that it does not have ends without audio, and without a word about it.
        if fault is Fault.VOICE_GONE or document.voice not in {voice["ShortName"] for voice in self.voices}:
            fault = Fault.SILENT
        speech = await self.speak(document.text, document.tempo)
        turn = Turn(request, socket, message.request_id, "audio/mpeg", _CHUNK_BYTES)
        await turn.play(speech.mp3, speech.duration_ms, _boundaries(speech, boundary), fault, self.delay_s)


def point_edge_tts_at(server: FakeEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let edge-tts talk to this server until the test ends."""
    token = f"TrustedClientToken={TRUSTED_CLIENT_TOKEN}"
    monkeypatch.setattr("edge_tts.communicate.WSS_URL", f"ws://127.0.0.1:{server.port}{_BASE}/edge/v1?{token}")
    monkeypatch.setattr("edge_tts.voices.VOICE_LIST", f"{server.url}{_BASE}/voices/list?{token.lower()}")
    # After a 403 the client sets its clock by the server's, for the whole process.
    monkeypatch.setattr("edge_tts.drm.DRM.clock_skew_seconds", 0.0)


def _all_voices() -> list[dict[str, Any]]:
    voices: list[dict[str, Any]] = json.loads(_VOICES.read_text("utf-8"))
    return voices


def _has_token(request: web.Request) -> bool:
    return bool(_TOKEN.fullmatch(request.query.get("Sec-MS-GEC", ""))) and "Sec-MS-GEC-Version" in request.query


def _read_config(body: str) -> tuple[str, str]:
    """The boundaries asked for and the output format."""
    audio = json.loads(body)["context"]["synthesis"]["audio"]
    options = audio["metadataoptions"]
    if options["wordBoundaryEnabled"] == "true":
        return "WordBoundary", audio["outputFormat"]
    return "SentenceBoundary" if options["sentenceBoundaryEnabled"] == "true" else "", audio["outputFormat"]


def _boundaries(speech: Speech, kind: str) -> list[Boundary]:
    spoken = {"WordBoundary": speech.words, "SentenceBoundary": speech.sentences}.get(kind, ())
    # The service sends the text as it stands in the document: escaped.
    return [Boundary(kind, Spoken(escape(text), offset, duration)) for text, offset, duration in spoken]
