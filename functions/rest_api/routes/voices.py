"""Who can speak: models, voices, backends."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from danmu_tts.domain.voices import Voice, primary_subtag
from functions.rest_api.dependencies import ContainerDep
from functions.rest_api.errors import RESPONSES
from functions.rest_api.models import AUTO, LanguageTag, backend_of_model

router = APIRouter(tags=["Voices"], responses=RESPONSES)

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


class VoiceAnswer(BaseModel):
    """One voice."""

    id: str
    name: str
    language: str
    gender: str
    backend: str


class VoiceList(BaseModel):
    """Voices that can speak now."""

    voices: list[VoiceAnswer]


class BackendAnswer(BaseModel):
    """One backend and whether it can speak now."""

    name: str
    status: Literal["healthy", "unavailable"]
    detail: str
    languages: list[str]
    voices: int


class BackendList(BaseModel):
    """All enabled backends, preferred first."""

    backends: list[BackendAnswer]


@router.get("/v1/models")
async def list_models(container: ContainerDep) -> ModelList:
    """`auto`, and one model a backend."""
    return ModelList(data=[ModelAnswer(id=name) for name in (AUTO, *container.voices.backends)])


@router.get("/v1/models/{model}")
async def retrieve_model(model: str, container: ContainerDep) -> ModelAnswer:
    """One model; OpenAI's own names are understood too."""
    backend_of_model(model, container)
    return ModelAnswer(id=model)


@router.get("/v1/audio/voices")
async def list_voices(
    container: ContainerDep,
    language: Annotated[LanguageTag | None, Query(description="Only voices of this language: zh, en-US, …")] = None,
    backend: Annotated[str | None, Query(max_length=60)] = None,
) -> VoiceList:
    """Voices that can speak now."""
    found = await container.voices.list(language=language, backend=backend)
    return VoiceList(voices=[_voice(voice) for voice in found])


@router.get("/v1/backends")
async def list_backends(container: ContainerDep) -> BackendList:
    """Enabled backends and whether they can speak now."""
    answers = []
    for name, health in (await container.voices.health()).items():
        voices = await container.voices.list(backend=name)
        answers.append(
            BackendAnswer(
                name=name,
                status="healthy" if health.available else "unavailable",
                detail=health.detail,
                languages=sorted({primary_subtag(voice.language) for voice in voices}),
                voices=len(voices),
            )
        )
    return BackendList(backends=answers)


def _voice(voice: Voice) -> VoiceAnswer:
    return VoiceAnswer(
        id=voice.id, name=voice.name, language=voice.language, gender=voice.gender, backend=voice.backend
    )
