"""What the functions ask of the Piper function, and what it answers."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_bytes="base64", val_json_bytes="base64")

    version: Literal[1] = 1


class SpeakPiper(_Message):
    """Say a text.

    Attributes:
        voice: a Piper voice's name, e.g. ``en_US-joe-medium``; None asks for the list of voices instead.
        tempo: what the voice's own is multiplied by.
    """

    text: str = ""
    voice: str | None = None
    tempo: Annotated[float, Field(gt=0, le=16, allow_inf_nan=False)] = 1.0


class PiperCaption(BaseModel):
    """Words and when they are heard, in milliseconds."""

    text: str
    start_ms: int
    end_ms: int


class PiperVoice(BaseModel):
    """A voice that the function has. ``language`` is a BCP 47 tag."""

    name: str
    language: str
    gender: str
    revision: str


NOTHING_TO_SAY = "nothing_to_say"
VOICE_GONE = "voice_gone"
BAD_MESSAGE = "bad_message"


class PiperSpoken(_Message):
    """The answer.

    Attributes:
        audio: WAV, 16-bit mono. The 6 MB of an answer hold 100 s of it, so a long text is asked for in pieces.
        error: what came instead, with its ``message``: one of the words below, or a backend error's reason.
    """

    audio: bytes = b""
    captions: tuple[PiperCaption, ...] = ()
    voices: tuple[PiperVoice, ...] = ()
    error: str | None = None
    message: str = ""
