"""``POST /v1/speech``: the native contract, which answers with a URL, captions and timings."""

from base64 import b64encode
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from danmu_tts.bootstrap import Container
from danmu_tts.domain.speech import Speech
from danmu_tts.wire import caption_answers, speech_request, timings_answer
from functions.rest_api.access import SpeakerDep
from functions.rest_api.answers import allowance_headers
from functions.rest_api.dependencies import absolute_url, container_of
from functions.rest_api.errors import RESPONSES
from speech_contract.speech import CaptionAnswer, SpeechFields, TimingsAnswer

router = APIRouter(tags=["Speech"], responses=RESPONSES)


class NativeSpeechRequest(SpeechFields):
    """A text and how it is to be spoken."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "欢迎来到直播间", "captions": True}]})


class AudioAnswer(BaseModel):
    """Where the audio is. ``url`` is a ``data:`` URL while the audio store is away."""

    url: str
    expires_at: Annotated[int | None, Field(description="Unix seconds; null for a data: URL.")]
    content_type: str
    duration_ms: int
    sample_rate_hz: int
    bytes: int


class SpeechAnswer(BaseModel):
    """Finished speech."""

    id: str
    status: Literal["done"]
    audio: AudioAnswer
    voice: str
    backend: str
    fallback_from: Annotated[str | None, Field(description="The voice that should have spoken and could not.")]
    fallback_reason: Annotated[str | None, Field(description="Why not: timeout, blocked, rate_limited, …")]
    cached: Annotated[
        str | None,
        Field(description="The cache tier that had it; `flight`: it was just being made; null when made now."),
    ]
    captions: list[CaptionAnswer] | None
    cost_usd: float
    timings: TimingsAnswer


@router.post("/v1/speech")
async def create_speech(
    request: Request, response: Response, body: NativeSpeechRequest, speaker: SpeakerDep
) -> SpeechAnswer:
    """Speak a text and answer where the audio is."""
    container = container_of(request)
    speech = await container.speak.speak(speech_request(body, speaker))
    encoded = speech.encoded
    response.headers.update(allowance_headers(speech.allowances))
    return SpeechAnswer(
        id=speech.id,
        status="done",
        audio=await _audio_answer(request, container, speech),
        voice=encoded.voice,
        backend=encoded.backend,
        fallback_from=speech.fallback.voice if speech.fallback else None,
        fallback_reason=speech.fallback.reason if speech.fallback else None,
        cached=speech.cached,
        captions=caption_answers(speech) if body.captions else None,
        cost_usd=speech.cost_usd,
        timings=timings_answer(speech.timings),
    )


async def _audio_answer(request: Request, container: Container, speech: Speech) -> AudioAnswer:
    encoded = speech.encoded
    content_type = encoded.format.content_type
    link = await container.speak.link(speech)
    if link:
        url = absolute_url(request, link.url)
    else:
        url = f"data:{content_type};base64,{b64encode(encoded.audio).decode('ascii')}"
    return AudioAnswer(
        url=url,
        expires_at=link.expires_at if link else None,
        content_type=content_type,
        duration_ms=encoded.duration_ms,
        sample_rate_hz=encoded.sample_rate_hz,
        bytes=len(encoded.audio),
    )
