"""Audio as it passes through the service."""

from dataclasses import dataclass
from enum import StrEnum


class AudioFormat(StrEnum):
    """Container and codec of an answer, by OpenAI's names."""

    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"

    @property
    def content_type(self) -> str:
        """The media type sent with audio of this format."""
        return _CONTENT_TYPES[self]


_CONTENT_TYPES = {
    AudioFormat.MP3: "audio/mpeg",
    AudioFormat.OPUS: "audio/ogg",
    AudioFormat.AAC: "audio/aac",
    AudioFormat.FLAC: "audio/flac",
    AudioFormat.WAV: "audio/wav",
    AudioFormat.PCM: "audio/pcm",
}


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of speech as a backend makes it.

    Attributes:
        pcm: signed 16-bit little-endian mono samples; never empty.
        sample_rate_hz: rate of those samples; the same for all chunks of one utterance.
        text: the words spoken in this chunk, for captions; empty where the backend cannot tell.
    """

    pcm: bytes
    sample_rate_hz: int
    text: str = ""

    @property
    def duration_ms(self) -> float:
        """Playing time in milliseconds."""
        return len(self.pcm) / 2 / self.sample_rate_hz * 1000


@dataclass(frozen=True, slots=True)
class Caption:
    """Words and when they are heard, in milliseconds from the start of the audio."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class EncodedSpeech:
    """Finished audio with all that must be known to play it: what a cache keeps."""

    audio: bytes
    format: AudioFormat
    sample_rate_hz: int
    duration_ms: int
    voice: str
    captions: tuple[Caption, ...] = ()

    @property
    def backend(self) -> str:
        """Name of the backend that spoke."""
        return self.voice.partition(":")[0]
