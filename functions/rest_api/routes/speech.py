"""``/v1/speech``: the native contract, which answers with a URL, captions and timings, or with a job."""

from base64 import b64encode
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from danmu_tts.bootstrap import Container
from danmu_tts.domain.errors import NotFoundError
from danmu_tts.domain.jobs import JobState, JobStatus
from danmu_tts.domain.speech import Speech
from danmu_tts.services.trying import Deferred
from danmu_tts.wire import caption_answers, error_detail, speech_request, timings_answer
from functions.rest_api.access import SpeakerDep
from functions.rest_api.answers import allowance_headers
from functions.rest_api.dependencies import absolute_url, container_of
from functions.rest_api.errors import RESPONSES
from speech_contract.speech import CaptionAnswer, ErrorDetail, SpeechFields, TimingsAnswer

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


class JobAnswer(BaseModel):
    """Speech that is made elsewhere, and what has become of it."""

    id: str
    status: Literal["queued", "failed", "cancelled"]
    voice: str
    deadline_at: Annotated[float, Field(description="Unix seconds; another voice speaks before it.")]
    error: ErrorDetail | None = None


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


@router.post(
    "/v1/speech",
    response_model=SpeechAnswer,
    responses={202: {"model": JobAnswer, "description": "It is made elsewhere; `Location` is where it will be."}},
)
async def create_speech(
    request: Request, response: Response, body: NativeSpeechRequest, speaker: SpeakerDep
) -> SpeechAnswer | Response:
    """Speak a text and answer where the audio is; for a voice of `xtts` answer 202, and it is spoken meanwhile."""
    container = container_of(request)
    speech = await container.jobs.ask(speech_request(body, speaker), captions=body.captions)
    if isinstance(speech, Deferred):
        headers = allowance_headers(speech.allowances) | {"location": f"/v1/speech/{speech.job.id}"}
        answer = _job_answer(JobState(speech.job, JobStatus.QUEUED))
        return Response(answer.model_dump_json(), 202, headers, "application/json")
    response.headers.update(allowance_headers(speech.allowances))
    return await _speech_answer(request, container, speech, captions=body.captions)


JobId = Annotated[str, Path(pattern=r"^[a-zA-Z0-9\-_]{1,64}$", description="As the answer 202 named it.")]


@router.get("/v1/speech/{job_id}")
async def get_speech(request: Request, job_id: JobId, speaker: SpeakerDep) -> SpeechAnswer | JobAnswer:
    """What has become of speech that is made elsewhere."""
    container = container_of(request)
    return await _state_answer(request, container, await container.jobs.get(speaker, job_id))


@router.delete("/v1/speech/{job_id}")
async def cancel_speech(request: Request, job_id: JobId, speaker: SpeakerDep) -> SpeechAnswer | JobAnswer:
    """Let it be. What has ended by then stays as it is, and is answered."""
    container = container_of(request)
    return await _state_answer(request, container, await container.jobs.cancel(speaker, job_id))


async def _state_answer(request: Request, container: Container, state: JobState) -> SpeechAnswer | JobAnswer:
    if state.status is not JobStatus.DONE:
        return _job_answer(state)
    speech = await container.jobs.speech_of(state)
    if speech is None:
        raise NotFoundError("It was spoken, but its audio is not kept any more. Ask again.")
    return await _speech_answer(request, container, speech, captions=state.job.captions)


def _job_answer(state: JobState) -> JobAnswer:
    why = state.failure
    return JobAnswer.model_validate(
        {
            "id": state.job.id,
            "status": state.status,
            "voice": state.job.voice.id,
            "deadline_at": state.job.deadline_at_ms / 1000,
            "error": error_detail(why.http_status, why.code, why.message) if why else None,
        }
    )


async def _speech_answer(request: Request, container: Container, speech: Speech, *, captions: bool) -> SpeechAnswer:
    encoded = speech.encoded
    return SpeechAnswer(
        id=speech.id,
        status="done",
        audio=await _audio_answer(request, container, speech),
        voice=encoded.voice,
        backend=encoded.backend,
        fallback_from=speech.fallback.voice if speech.fallback else None,
        fallback_reason=speech.fallback.reason if speech.fallback else None,
        cached=speech.cached,
        captions=caption_answers(speech) if captions else None,
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
