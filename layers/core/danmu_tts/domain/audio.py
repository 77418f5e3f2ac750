"""Audio as it passes through the service."""

from dataclasses import dataclass
from enum import StrEnum

from danmu_tts.domain import mp3


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


class AudioEncoding(StrEnum):
    """How a backend's bytes are to be read."""

    PCM = "pcm"
    """Signed 16-bit little-endian mono samples."""

    MP3 = "mp3"
    """Whole MPEG audio layer III frames."""


@dataclass(frozen=True, slots=True)
class Caption:
    """Words and when they are heard, in milliseconds from the start of the audio."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of speech as a backend makes it.

    Attributes:
        data: samples or frames, as ``encoding`` says; empty only in a chunk that brings nothing but captions.
        sample_rate_hz: the same for all chunks of one utterance.
        encoding: the same for all chunks of one utterance.
        captions: words whose times became known with this chunk, counted from the start of the utterance.
    """

    data: bytes
    sample_rate_hz: int
    encoding: AudioEncoding = AudioEncoding.PCM
    captions: tuple[Caption, ...] = ()

    @property
    def duration_ms(self) -> float:
        """Playing time in milliseconds."""
        if self.encoding is AudioEncoding.MP3:
            return mp3.duration_ms(self.data)
        return len(self.data) / 2 / self.sample_rate_hz * 1000


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
