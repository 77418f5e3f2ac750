"""The JSON beside each stored audio. It comes from a disk or a bucket, so it is parsed like any other input."""

import hashlib
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from danmu_tts.domain.audio import AudioFormat, Caption, EncodedSpeech


class Sound(BaseModel):
    """What must be known to play stored audio."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: AudioFormat
    sample_rate_hz: Annotated[int, Field(gt=0)]
    duration_ms: Annotated[int, Field(ge=0)]
    voice: str
    captions: tuple[Caption, ...]

    @classmethod
    def like(cls, speech: EncodedSpeech, **more: Any) -> Self:
        """Describe a piece of speech, and ``more`` that a subclass keeps."""
        return cls(
            format=speech.format,
            sample_rate_hz=speech.sample_rate_hz,
            duration_ms=speech.duration_ms,
            voice=speech.voice,
            captions=speech.captions,
            **more,
        )

    def with_audio(self, audio: bytes) -> EncodedSpeech:
        """The entry as it was given to the cache."""
        return EncodedSpeech(audio, self.format, self.sample_rate_hz, self.duration_ms, self.voice, self.captions)


class Description(Sound):
    """And what must be known to see that it is whole, and fresh. ``stored_at``: Unix seconds."""

    sha256: str
    stored_at: Annotated[float, Field(allow_inf_nan=False)]

    @classmethod
    def of(cls, speech: EncodedSpeech, *, stored_at: float) -> Self:
        """Describe what is about to be stored, at a time in Unix seconds."""
        return cls.like(speech, sha256=hashlib.sha256(speech.audio).hexdigest(), stored_at=stored_at)


def backend_folder(voice: str) -> str:
    """The folder of a voice's audio: its backend, of which only what is safe in a path is left."""
    return "".join(char for char in voice.partition(":")[0] if char.isalnum() or char in "-_")
