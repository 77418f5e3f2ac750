"""``POST /v1/speech``: the native contract, which answers with a URL, captions and timings."""

from base64 import b64encode
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from danmu_tts.bootstrap import Container
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.speech import Priority, Prosody, Speech, SpeechRequest
from functions.rest_api.access import SpeakerDep
from functions.rest_api.answers import allowance_headers
from functions.rest_api.dependencies import absolute_url, container_of
from functions.rest_api.errors import RESPONSES
from functions.rest_api.models import LanguageTag, VoiceName

router = APIRouter(tags=["Speech"], responses=RESPONSES)


class PriorityName(StrEnum):
    """Who goes first when all engines are busy."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class NativeSpeechRequest(BaseModel):
    """A text and how it is to be spoken."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "欢迎来到直播间", "captions": True}]}
    )

    text: Annotated[str, Field(min_length=1, max_length=1000)]
    voice: Annotated[
        VoiceName | None, Field(description="`backend:name`, a name, or an alias; else the language picks.")
    ] = None
    backend: Annotated[
        str | None, Field(pattern=r"^[a-zA-Z0-9\-_]+$", max_length=60, description="Who is to speak, if it can.")
    ] = None
    format: AudioFormat = AudioFormat.MP3
    speed: Annotated[
        float, Field(strict=True, ge=0.25, le=4, allow_inf_nan=False, description="Tempo; 1 is the voice's own.")
    ] = 1.0
    pitch: Annotated[
        float, Field(strict=True, ge=-12, le=12, allow_inf_nan=False, description="Semitones up or down.")
    ] = 0.0
    volume: Annotated[float, Field(strict=True, ge=0, le=2, allow_inf_nan=False, description="Linear gain.")] = 1.0
    style: Annotated[
        str | None, Field(max_length=1000, description="`cheerful`, …; voices that do not know it ignore it.")
    ] = None
    language: Annotated[LanguageTag | None, Field(description="BCP 47; the text decides when absent.")] = None
    priority: PriorityName = PriorityName.NORMAL
    deadline_ms: Annotated[
        int | None, Field(strict=True, ge=1000, le=28_000, description="Longest wait; then a 504.")
    ] = None
    captions: Annotated[bool, Field(strict=True, description="Say which words are heard when.")] = False
    room: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9\-_]{1,64}$")] | None = None
    viewer: Annotated[
        str | None, Field(min_length=1, max_length=64, description="Whose words they are, to limit each viewer.")
    ] = None


class CaptionAnswer(BaseModel):
    """Words and when they are heard."""

    text: str
    start_ms: int
    end_ms: int


class AudioAnswer(BaseModel):
    """Where the audio is. ``url`` is a ``data:`` URL while the audio store is away."""

    url: str
    expires_at: Annotated[int | None, Field(description="Unix seconds; null for a data: URL.")]
    content_type: str
    duration_ms: int
    sample_rate_hz: int
    bytes: int


class TimingsAnswer(BaseModel):
    """Milliseconds from the moment the service took the request."""

    first_audio_ms: float
    total_ms: float


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
    speech = await container.speak.speak(
        SpeechRequest(
            text=body.text,
            voice=body.voice,
            backend=body.backend,
            language=body.language,
            format=body.format,
            prosody=Prosody(body.speed, body.pitch, body.volume),
            priority=Priority[body.priority.name],
            deadline_ms=body.deadline_ms,
            room=body.room,
            style=body.style,
            principal=speaker,
            viewer=body.viewer,
        )
    )
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
        captions=[CaptionAnswer(**_fields(caption)) for caption in encoded.captions] if body.captions else None,
        cost_usd=speech.cost_usd,
        timings=TimingsAnswer(**{name: round(value, 2) for name, value in _fields(speech.timings).items()}),
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


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}
