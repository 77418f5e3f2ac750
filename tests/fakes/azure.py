"""Azure AI Speech: the REST API, and the WebSocket that its SDK talks to."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.fakes.audio_stream import answer_with_audio
from tests.fakes.azure_socket import AzureSocket
from tests.fakes.speech import Speech, piper_speech
from tests.fakes.ssml import AZURE_ELEMENTS, BadSSMLError, Document, read_ssml
from tests.fakes.vendor import REFUSAL_STATUS, Fault, Received, VendorServer

_VOICES = Path(__file__).parent / "data" / "azure_voices.json"
_KEY_HEADER = "Ocp-Apim-Subscription-Key"
# Content type and encoder by output format.
_OUTPUT_FORMATS: dict[str, tuple[str, Callable[[Speech], bytes]]] = {
    "audio-24khz-48kbitrate-mono-mp3": ("audio/mpeg", lambda speech: speech.mp3),
    "audio-24khz-96kbitrate-mono-mp3": ("audio/mpeg", lambda speech: speech.mp3_at(96)),
    "raw-24khz-16bit-mono-pcm": ("audio/x-wav", lambda speech: speech.pcm),
    "riff-24khz-16bit-mono-pcm": ("audio/x-wav", lambda speech: speech.wav),
}


class FakeAzure(VendorServer):
    """Any key will do, but there must be one. ``voices`` is the list that it offers."""

    output_formats = _OUTPUT_FORMATS

    def __init__(self, speech: Callable[[str, float], Speech] = piper_speech) -> None:
        super().__init__(speech)
        self.voices = _all_voices()

    def reset(self) -> None:
        super().reset()
        self.voices = _all_voices()

    @property
    def sdk_host(self) -> str:
        """The ``host`` of the SDK's ``SpeechConfig``."""
        return f"ws://127.0.0.1:{self.port}"

    def _routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.post("/cognitiveservices/v1", self._synthesize),
            web.get("/cognitiveservices/voices/list", self._voice_list),
            web.get("/cognitiveservices/websocket/v1", self._websocket),
        ]

    async def _voice_list(self, request: web.Request) -> web.StreamResponse:
        if not request.headers.get(_KEY_HEADER):
            self.voice_list_requests += 1
            return web.Response(status=401)
        return await self.list_voices(request, self.voices)

    async def _synthesize(self, request: web.Request) -> web.StreamResponse:
        self.count(request)
        raw = (await request.read()).decode("utf-8", "backslashreplace")
        output_format = request.headers.get("X-Microsoft-OutputFormat", "")
        headers = {name.lower(): value for name, value in request.headers.items()}
        fault = self.take_fault()
        if not request.headers.get(_KEY_HEADER):
            return web.Response(status=401)
        # A missing or wrong media type has a status of its own.
        if request.content_type != "application/ssml+xml":
            return web.Response(status=415)
        try:
            document = self.read(raw, output_format, headers)
        except BadSSMLError as error:
            return web.Response(status=400, text=str(error))
        await self.hold_back(request, fault)
        if fault is Fault.VOICE_GONE or not self.has_voice(document.voice):
            return web.Response(status=400, text=f"Unsupported voice {document.voice}.")
        if status := REFUSAL_STATUS.get(fault):
            return web.Response(status=status, headers=self.retry_after_headers(fault))
        content_type, encode = self.output_formats[output_format]
        speech = await self.speak(document.text, document.tempo)
        return await answer_with_audio(request, encode(speech), content_type, fault)

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        self.count_connection(request)
        fault = self.fault
        refused = 0 if fault in (Fault.BAD_INPUT, Fault.VOICE_GONE) else REFUSAL_STATUS.get(fault, 0)
        if not request.headers.get(_KEY_HEADER):
            refused = 401
        if refused or fault is Fault.RESET:
            self.count_request()
            fault = self.take_fault()
            await self.hold_back(request, fault)
            return web.Response(status=refused, headers=self.retry_after_headers(fault))
        return await AzureSocket(self, request).serve()

    def has_voice(self, name: str) -> bool:
        """Does it still offer this voice?"""
        return name in {voice["ShortName"] for voice in self.voices}

    def read(self, raw: str, output_format: str, headers: Mapping[str, str]) -> Document:
        """Note what was received. Raises BadSSMLError for what Azure refuses."""
        try:
            document = read_ssml(raw, AZURE_ELEMENTS)
            if output_format not in self.output_formats:
                raise BadSSMLError(f"Unsupported output format {output_format}.")
        except BadSSMLError:
            self.received.append(Received(output_format=output_format, raw=raw, headers=headers, malformed=True))
            raise
        self.received.append(
            Received(
                text=document.text,
                voice=document.voice,
                rate=document.rate,
                pitch=document.pitch,
                volume=document.volume,
                style=document.style,
                output_format=output_format,
                raw=raw,
                headers=headers,
            )
        )
        return document


def _all_voices() -> list[dict[str, Any]]:
    voices: list[dict[str, Any]] = json.loads(_VOICES.read_text("utf-8"))
    return voices
