"""Encoding audio, and handing it out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from danmu_tts.domain.audio import AudioEncoding, AudioFormat, EncodedSpeech


class AudioEncoder(Protocol):
    """Turns one utterance's audio into a container. Not shared between utterances."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of what comes out."""
        ...

    def write(self, data: bytes) -> bytes:
        """Take what the backend made, in the encoding that this was opened for, and give what is ready."""
        ...

    def finish(self) -> bytes:
        """Give the rest. Nothing may be written afterwards. Raises BadAudioError for what cannot be decoded."""
        ...


class AudioEncoders(Protocol):
    """Opens encoders."""

    def open(
        self,
        audio_format: AudioFormat,
        source_rate_hz: int,
        source: AudioEncoding = AudioEncoding.PCM,
        *,
        volume: float,
        pitch_ratio: float,
    ) -> AudioEncoder:
        """Start an utterance. Raises UnsupportedFormatError where the encoder is not installed."""
        ...


class AudioListener(Protocol):
    """Hears audio while it is made. Neither method may raise or wait."""

    def begin(self) -> None:
        """A voice begins. What another one said before, or this one before it failed, is void."""
        ...

    def hear(self, data: bytes) -> None:
        """The next bytes, encoded; all of them together are the finished audio."""
        ...


@dataclass(frozen=True, slots=True)
class AudioLink:
    """Where audio can be fetched without credentials, and until when (Unix seconds).

    ``url`` may be relative to the address under which the service itself is reached.
    """

    url: str
    expires_at: int


@runtime_checkable
class AudioLinks(Protocol):
    """Hands out short-lived URLs of stored audio."""

    async def link(self, key: str, speech: EncodedSpeech) -> AudioLink | None:
        """Make sure the audio is stored and name its URL; None where it cannot be stored now."""
        ...


class AudioFile(Protocol):
    """An audio file that a link may open."""

    @property
    def path(self) -> Path:
        """Where the file is."""
        ...

    @property
    def content_type(self) -> str:
        """Its media type, e.g. ``audio/mpeg``."""
        ...

    @property
    def etag(self) -> str:
        """Its strong entity tag, quotes included."""
        ...


class SignedAudioFiles(Protocol):
    """Opens the files behind the links that this process signs itself; on AWS, S3 does it."""

    def open_signed(self, key: str, *, expires: str, signature: str) -> AudioFile | None:
        """Return the file, or None where the signature is not that of the key and the time, or has expired.

        Args:
            key: the file's key, percent-decoded.
            expires: Unix seconds as sent; anything may have been.
            signature: hexadecimal as sent; anything may have been.

        Raises:
            FileNotFoundError: the signature is good and the file is gone.
        """
        ...
