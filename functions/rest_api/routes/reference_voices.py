"""``/v1/voices/xtts``: voices of one's own, cloned from a recording."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from danmu_tts.domain.access import Principal
from danmu_tts.domain.reference_voices import ReferenceRecord
from danmu_tts.ports.reference_voices import UploadForm
from danmu_tts.services.reference_voices import ReferenceWish
from functions.rest_api.access import get_principal
from functions.rest_api.dependencies import container_of
from functions.rest_api.errors import RESPONSES

router = APIRouter(prefix="/v1/voices/xtts", tags=["Your own voice"], responses=RESPONSES)

CallerDep = Annotated[Principal, Depends(get_principal)]
VoiceId = Annotated[str, Path(description="`id` of a voice of yours.", max_length=120)]

_EXAMPLE: JsonDict = {
    "name": "My own voice",
    "content_type": "audio/wav",
    "bytes": 960_044,
    "consent": True,
    "consent_text": "I, Li Hua, recorded this myself and agree that it is spoken by in my own stream.",
}


def _agreed(value: object) -> object:
    if value is not True:  # 1 is no consent either
        raise ValueError("must be true, and may only be where the person who is heard agrees")
    return value


class ReferenceVoiceRequest(BaseModel):
    """A recording that is to become a voice."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Annotated[str, Field(min_length=1, max_length=80, description="For people; letters that show.")]
    content_type: Annotated[
        Literal["audio/wav", "audio/flac", "audio/ogg", "audio/mpeg"],
        Field(description="Of the file. Ogg is Vorbis or Opus."),
    ]
    bytes: Annotated[int, Field(strict=True, ge=1, description="Of the file, which must not be larger.")]
    consent: Annotated[
        Literal[True],
        BeforeValidator(_agreed),
        Field(description="The person who is heard agrees to be cloned. Without that, do not send it."),
    ]
    consent_text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=20, max_length=1000),
        Field(description="Who agreed to what. It is kept as long as the voice."),
    ]


class UploadAnswer(BaseModel):
    """How to send the file: a multipart form of `fields`, in order, and then `file`, without credentials."""

    method: Literal["POST"] = "POST"
    url: str
    fields: dict[str, str]
    expires_at: Annotated[int, Field(description="Unix seconds; afterwards it is refused.")]
    max_bytes: Annotated[int, Field(description="What is larger is refused.")]


class ReferenceVoiceAnswer(BaseModel):
    """A voice of one's own."""

    id: str
    voice: Annotated[str, Field(description="What to ask for, wherever a voice is asked for.")]
    name: str
    status: Annotated[
        Literal["waiting", "ready", "refused"],
        Field(description="waiting: for the file, or for `check`. refused: for good; begin anew."),
    ]
    reason: Annotated[str | None, Field(description="Why it was refused.")]
    duration_ms: Annotated[int | None, Field(description="Of what is cloned, without the silence around it.")]
    consent_text: str
    created_at: Annotated[int, Field(description="Unix seconds.")]


class NewReferenceVoiceAnswer(ReferenceVoiceAnswer):
    """A voice that waits for its recording."""

    upload: UploadAnswer


class ReferenceVoiceList(BaseModel):
    """One's own voices, the oldest first."""

    voices: list[ReferenceVoiceAnswer]


@router.post("", status_code=201)
async def create_reference_voice(
    request: Request, response: Response, body: ReferenceVoiceRequest, caller: CallerDep
) -> NewReferenceVoiceAnswer:
    """Begin a voice: 3 to 30 s of one person who speaks. Send the file by the form that this answers, then `check`."""
    wish = ReferenceWish(body.name, body.content_type, body.bytes, body.consent_text)
    record, form = await container_of(request).reference_voices.request_upload(caller, wish)
    response.headers["location"] = f"/v1/voices/xtts/{record.id}"
    return NewReferenceVoiceAnswer(**_fields(record), upload=_upload(form))


@router.post("/{voice_id}/check")
async def check_reference_voice(request: Request, voice_id: VoiceId, caller: CallerDep) -> ReferenceVoiceAnswer:
    """Say that the file is there. It is judged at once: `ready`, or 400 with what is wrong with it."""
    return _answer(await container_of(request).reference_voices.check(caller, voice_id))


@router.get("")
async def list_reference_voices(request: Request, caller: CallerDep) -> ReferenceVoiceList:
    """Your own voices; nobody else sees them, and you see nobody else's."""
    found = await container_of(request).reference_voices.list(caller)
    return ReferenceVoiceList(voices=[_answer(record) for record in found])


@router.get("/{voice_id}")
async def get_reference_voice(request: Request, voice_id: VoiceId, caller: CallerDep) -> ReferenceVoiceAnswer:
    """One of your own voices."""
    return _answer(await container_of(request).reference_voices.get(caller, voice_id))


@router.delete("/{voice_id}", status_code=204)
async def delete_reference_voice(request: Request, voice_id: VoiceId, caller: CallerDep) -> None:
    """Delete a voice: its recording, and what it has spoken. It speaks no more, everywhere within seconds."""
    await container_of(request).reference_voices.delete(caller, voice_id)


def _answer(record: ReferenceRecord) -> ReferenceVoiceAnswer:
    return ReferenceVoiceAnswer(**_fields(record))


def _fields(record: ReferenceRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "voice": record.voice,
        "name": record.name,
        "status": record.state.value,
        "reason": record.reason,
        "duration_ms": record.duration_ms,
        "consent_text": record.consent_text,
        "created_at": record.created_at,
    }


def _upload(form: UploadForm) -> UploadAnswer:
    return UploadAnswer(url=form.url, fields=dict(form.fields), expires_at=form.expires_at, max_bytes=form.most_bytes)
