"""Who can speak: models, voices, backends."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from danmu_tts.domain.errors import BackendUnavailableError
from danmu_tts.domain.speech import SpeechRequest
from danmu_tts.domain.voices import primary_subtag
from danmu_tts.wire import sample_path, voice_answer
from functions.rest_api.access import SpeakerDep, get_principal
from functions.rest_api.answers import speech_headers
from functions.rest_api.dependencies import ContainerDep, absolute_url
from functions.rest_api.errors import RESPONSES
from functions.rest_api.models import AUTO, backend_of_model
from functions.rest_api.routes.health import absent_status, report_status
from speech_contract.fields import LanguageTag, VoiceName
from speech_contract.speech import VoiceAnswer

router = APIRouter(tags=["Voices"], responses=RESPONSES, dependencies=[Depends(get_principal)])

# OpenAI's field says when a model was made; ours are as old as the contract they were written for.
_CREATED = 1_767_225_600


class ModelAnswer(BaseModel):
    """One model in OpenAI's shape."""

    id: str
    object: Literal["model"] = "model"
    created: int = _CREATED
    owned_by: str = "danmu-tts"


class ModelList(BaseModel):
    """All models in OpenAI's shape."""

    object: Literal["list"] = "list"
    data: list[ModelAnswer]


class VoiceList(BaseModel):
    """Voices that can speak now."""

    voices: list[VoiceAnswer]


class BackendAnswer(BaseModel):
    """One backend, whether it can speak now, and how it did in this process lately."""

    name: str
    status: Literal["healthy", "unavailable", "disabled"]
    detail: str
    languages: list[str] = []
    voices: int = 0
    circuit: Literal["closed", "open", "half_open"] = "closed"
    in_flight: int = 0
    latency_ms: Annotated[float | None, Field(description="Moving mean to the first audio; null before any.")] = None
    failure_rate: Annotated[float, Field(description="Moving share of calls that failed, 0 to 1.")] = 0.0
    usd_per_million_chars: float = 0.0


class BackendList(BaseModel):
    """All backends of the settings, preferred first, then those that are switched off."""

    backends: list[BackendAnswer]


@router.get("/v1/models")
async def list_models(container: ContainerDep) -> ModelList:
    """`auto`, and one model a backend."""
    return ModelList(data=[ModelAnswer(id=name) for name in (AUTO, *container.backends.names)])


@router.get("/v1/models/{model}")
async def retrieve_model(model: str, container: ContainerDep) -> ModelAnswer:
    """One model; OpenAI's own names are understood too."""
    backend_of_model(model, container)
    return ModelAnswer(id=model)


@router.get("/v1/audio/voices")
async def list_voices(
    request: Request,
    container: ContainerDep,
    language: Annotated[LanguageTag | None, Query(description="Only voices of this language: zh, en-US, …")] = None,
    backend: Annotated[str | None, Query(max_length=60)] = None,
) -> VoiceList:
    """Voices that can speak now."""
    found = await container.backends.list_voices(language=language, backend=backend)
    return VoiceList(voices=[voice_answer(voice, absolute_url(request, sample_path(voice))) for voice in found])


@router.get("/v1/backends")
async def list_backends(container: ContainerDep) -> BackendList:
    """Backends of the settings, whether they can speak now, and how they did lately."""
    answers = []
    for name, report in (await container.backends.reports()).items():
        voices = await container.backends.list_voices(backend=name)
        state = report_status(report)
        answers.append(
            BackendAnswer(
                name=name,
                status=state.status,
                detail=state.detail,
                languages=sorted({primary_subtag(voice.language) for voice in voices}),
                voices=len(voices),
                circuit=report.circuit.value,
                in_flight=report.load.in_flight,
                latency_ms=None if report.load.latency_ms is None else round(report.load.latency_ms, 1),
                failure_rate=round(report.load.failure_rate, 3),
                usd_per_million_chars=report.traits.usd_per_million_chars,
            )
        )
    absent = {name: absent_status(name, container) for name in container.backends.absent}
    return BackendList(
        backends=answers
        + [BackendAnswer(name=name, status=state.status, detail=state.detail) for name, state in absent.items()]
    )


@router.get(
    "/v1/audio/voices/{voice}/sample", response_class=Response, responses={200: {"content": {"audio/mpeg": {}}}}
)
async def voice_sample(voice: Annotated[VoiceName, Path()], container: ContainerDep, speaker: SpeakerDep) -> Response:
    """Hear a voice say a sentence in its language. Made once, then it comes from the cache."""
    found = await container.backends.find_voice(voice)
    text = container.samples.get(primary_subtag(found.language), container.samples["en"])
    speech = await container.speak.speak(SpeechRequest(text, voice=found.id, principal=speaker))
    if speech.fallback:  # another voice would be no sample
        raise BackendUnavailableError(f"{found.id} cannot speak now ({speech.fallback.reason}).", param="voice")
    return Response(speech.encoded.audio, media_type=speech.encoded.format.content_type, headers=speech_headers(speech))
