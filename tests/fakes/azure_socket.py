"""Azure's WebSocket: many documents a connection, each with its own idea of format and boundaries."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.connection import reset_connection
from tests.fakes.speech import Speech
from tests.fakes.speech_socket import Boundary, Message, Turn, parse_message
from tests.fakes.ssml import BadSSMLError
from tests.fakes.vendor import REFUSAL_STATUS, Fault

if TYPE_CHECKING:
    from tests.fakes.azure import FakeAzure

_CHUNK_BYTES = 4096
_INVALID_PAYLOAD = 1007
# A connection that is open is refused its next document by these.
_TOO_MANY_REQUESTS = 4429
_INTERNAL_ERROR = 1011


class AzureSocket:
    """One connection of the SDK."""

    def __init__(self, server: "FakeAzure", request: web.Request) -> None:
        self._server = server
        self._request = request
        self._headers = {name.lower(): value for name, value in request.headers.items()}
        self._socket = web.WebSocketResponse(protocols=("USP",))
        self._context: Mapping[str, Any] = {}

    async def serve(self) -> web.WebSocketResponse:
        """Answer until the client leaves."""
        await self._socket.prepare(self._request)
        async for raw in self._socket:
            message = parse_message(raw)
            if message and message.path == "synthesis.context":
                self._context = json.loads(message.body)["synthesis"]["audio"]
            elif message and message.path == "ssml":
                await self._answer(message)
        return self._socket

    async def _answer(self, message: Message) -> None:
        server = self._server
        server.count_request()
        fault = server.take_fault()
        output_format = self._context.get("outputFormat", "")
        try:
            document = server.read(message.body, output_format, self._headers)
        except BadSSMLError as error:
            await self._close(_INVALID_PAYLOAD, str(error))
            return
        if fault is Fault.VOICE_GONE or not server.has_voice(document.voice):
            await self._close(_INVALID_PAYLOAD, f"Unsupported voice {document.voice}.")
        elif fault in REFUSAL_STATUS:
            await self._refuse(fault)
        elif fault is Fault.RESET:
            await reset_connection(self._request)
        else:
            speech = await server.speak(document.text, document.tempo)
            await self._play(message, speech, output_format, fault)

    async def _refuse(self, fault: Fault) -> None:
        codes = {Fault.BAD_INPUT: _INVALID_PAYLOAD, Fault.RATE_LIMITED: _TOO_MANY_REQUESTS}
        await self._close(codes.get(fault, _INTERNAL_ERROR), fault)

    async def _play(self, message: Message, speech: Speech, output_format: str, fault: Fault) -> None:
        options = self._context.get("metadataOptions", {})
        content_type, encode = self._server.output_formats[output_format]
        boundaries = [
            *(Boundary("WordBoundary", word) for word in speech.words if options.get("wordBoundaryEnabled")),
            *(
                Boundary("SentenceBoundary", each)
                for each in speech.sentences
                if options.get("sentenceBoundaryEnabled")
            ),
        ]
        turn = Turn(
            self._request,
            self._socket,
            message.request_id,
            content_type,
            _CHUNK_BYTES,
            session_end=bool(options.get("sessionEndEnabled")),
        )
        ordered = sorted(boundaries, key=lambda boundary: boundary.spoken.offset_ms)
        await turn.play(encode(speech), speech.duration_ms, ordered, fault, self._server.delay_s)

    async def _close(self, code: int, reason: str) -> None:
        # A close frame holds 123 bytes of reason.
        await self._socket.close(code=code, message=reason.encode()[:120])
