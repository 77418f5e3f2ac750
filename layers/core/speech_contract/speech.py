"""A text to be spoken and what comes of it, as REST and WebSocket write it alike."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from speech_contract.fields import BackendName, FormatName, LanguageTag, Ratio, RoomName, VoiceName


class PriorityName(StrEnum):
    """Who goes first when all engines are busy."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class SpeechFields(BaseModel):
    """A text and how it is to be spoken."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=1000)]
    voice: Annotated[
        VoiceName | None, Field(description="`backend:name`, a name, or an alias; else the language picks.")
    ] = None
    backend: Annotated[BackendName | None, Field(description="Who is to speak, if it can.")] = None
    format: FormatName = "mp3"
    speed: Annotated[Ratio, Field(ge=0.25, le=4, description="Tempo; 1 is the voice's own.")] = 1.0
    pitch: Annotated[Ratio, Field(ge=-12, le=12, description="Semitones up or down.")] = 0.0
    volume: Annotated[Ratio, Field(ge=0, le=2, description="Linear gain.")] = 1.0
    style: Annotated[
        str | None, Field(max_length=1000, description="`cheerful`, …; voices that do not know it ignore it.")
    ] = None
    language: Annotated[LanguageTag | None, Field(description="BCP 47; the text decides when absent.")] = None
    priority: PriorityName = PriorityName.NORMAL
    deadline_ms: Annotated[
        int | None, Field(strict=True, ge=1000, le=28_000, description="Longest wait for the audio.")
    ] = None
    captions: Annotated[bool, Field(strict=True, description="Say which words are heard when.")] = False
    room: RoomName | None = None
    viewer: Annotated[
        str | None, Field(min_length=1, max_length=64, description="Whose words they are, to limit each viewer.")
    ] = None


class CaptionAnswer(BaseModel):
    """Words and when they are heard."""

    text: str
    start_ms: int
    end_ms: int


class TimingsAnswer(BaseModel):
    """Milliseconds from the moment the service took the request."""

    first_audio_ms: float
    total_ms: float


class VoiceAnswer(BaseModel):
    """One voice. ``language`` is ``mul`` for one that reads any."""

    id: str
    name: str
    language: str
    gender: str
    backend: str
    sample: Annotated[str, Field(description="URL of a sentence in this voice.")]


class ErrorDetail(BaseModel):
    """What went wrong, for a person and for a program."""

    message: str
    type: str
    param: str | None = None
    code: str
