"""``POST /v1/audio/speech``: OpenAI's contract, field by field."""

import json
from base64 import b64encode
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.errors import BackendUnavailableError, TextTooLongError
from danmu_tts.domain.speech import Prosody, Speech, SpeechRequest
from functions.rest_api.access import SpeakerDep
from functions.rest_api.answers import speech_headers
from functions.rest_api.dependencies import absolute_url, container_of
from functions.rest_api.errors import RESPONSES
from functions.rest_api.models import backend_of_model
from speech_contract.fields import VoiceName

router = APIRouter(tags=["OpenAI"], responses=RESPONSES)

_SSE_CHUNK_BYTES = 24 * 1024
_AUDIO_TOKEN_MS = 50


class StreamFormat(StrEnum):
    """How the audio comes: as itself, or as server-sent events."""

    AUDIO = "audio"
    SSE = "sse"


class CustomVoice(BaseModel):
    """A voice by id, as OpenAI's clients name custom voices."""

    model_config = ConfigDict(extra="forbid")

    id: VoiceName


class CreateSpeechRequest(BaseModel):
    """What OpenAI's clients send."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"model": "auto", "input": "主播唱得真好听，再来一首！", "voice": "alloy"}]},
    )

    model: Annotated[str, Field(max_length=100, description="`auto`, a backend's name, or OpenAI's tts-1 and kin.")]
    input: Annotated[str, Field(min_length=1, max_length=4096, description="The text to speak.")]
    voice: Annotated[
        VoiceName | CustomVoice, Field(description="A voice's id, or OpenAI's alloy, nova, … (see /v1/audio/voices).")
    ] = "alloy"
    instructions: Annotated[
        str | None, Field(max_length=4096, description="How to speak; voices that cannot follow it ignore it.")
    ] = None
    response_format: AudioFormat = AudioFormat.MP3
    speed: Annotated[
        float, Field(strict=True, ge=0.25, le=4, allow_inf_nan=False, description="Tempo; 1 is the voice's own.")
    ] = 1.0
    stream_format: StreamFormat = StreamFormat.AUDIO


_AUDIO_CONTENT = {each.content_type: {"schema": {"type": "string", "format": "binary"}} for each in AudioFormat}


@router.post(
    "/v1/audio/speech",
    response_class=Response,
    responses={
        200: {
            "description": "The audio, or its events.",
            "content": {**_AUDIO_CONTENT, "text/event-stream": {"schema": {"type": "string"}}},
        },
        303: {"description": "The audio is too large for one answer and lies at Location for a while."},
    },
)
async def create_speech(request: Request, body: CreateSpeechRequest, speaker: SpeakerDep) -> Response:
    """Speak a text."""
    container = container_of(request)
    speech = await container.speak.speak(
        SpeechRequest(
            text=body.input,
            voice=body.voice if isinstance(body.voice, str) else body.voice.id,
            backend=backend_of_model(body.model, container),
            format=body.response_format,
            prosody=Prosody(speed=body.speed),
            style=body.instructions,
            principal=speaker,
        )
    )
    headers = speech_headers(speech)
    too_large = len(speech.encoded.audio) > container.settings.audio.max_inline_bytes
    if body.stream_format is StreamFormat.SSE:
        if too_large:
            raise TextTooLongError("The audio is too large for events; ask for stream_format=audio.", param="text")
        return Response("".join(_events(body.input, speech)), media_type="text/event-stream", headers=headers)
    if too_large:
        link = await container.speak.link(speech)
        if link is None:
            raise BackendUnavailableError("The audio is too large for one answer, and the audio store is away.")
        return Response(status_code=303, headers=headers | {"location": absolute_url(request, link.url)})
    return Response(speech.encoded.audio, media_type=speech.encoded.format.content_type, headers=headers)


def _events(text: str, speech: Speech) -> Iterator[str]:
    """``speech.audio.delta`` for each piece, then ``speech.audio.done``.

    We have no tokenizer: an input token is a character, an output token 50 ms of audio.
    """
    audio = speech.encoded.audio
    for start in range(0, len(audio), _SSE_CHUNK_BYTES):
        piece = b64encode(audio[start : start + _SSE_CHUNK_BYTES]).decode("ascii")
        yield _event({"type": "speech.audio.delta", "audio": piece})
    spoken = -(-speech.encoded.duration_ms // _AUDIO_TOKEN_MS)
    usage = {"input_tokens": len(text), "output_tokens": spoken, "total_tokens": len(text) + spoken}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, separators=(',', ':'))}\n\n"
