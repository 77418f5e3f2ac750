"""Encoding audio, and handing it out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from danmu_tts.domain.audio import AudioChunk, AudioEncoding, AudioFormat, EncodedSpeech


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


@dataclass(frozen=True, slots=True)
class JoinedSpan:
    """The end of a span that was joined to those before it.

    Attributes:
        chunk: what of it was not given yet; None where nothing is left.
        shift_ms: what to add to a time in milliseconds from the start of the span's own audio, to have it from the
            start of the joined audio. Below 0 where the first span began with silence, which is cut.
    """

    chunk: AudioChunk | None
    shift_ms: float


class AudioJoiner(Protocol):
    """Makes one utterance's audio of what several voices say, span by span. Not shared between utterances.

    What it gives is PCM without captions, at the rate of the first span that sounds; every other span is made as loud
    as that one. A span that is silent leaves no trace.
    """

    def write(self, chunk: AudioChunk) -> AudioChunk | None:
        """Take the next chunk of the current span, and give what is ready to be sent.

        Rate and encoding stay the same within a span. Only the first span is given before its end, and only if it is
        PCM.
        """
        ...

    def end_span(self) -> JoinedSpan:
        """Give the rest of the current span, which may have no chunk at all; the next chunk begins another.

        Raises BadAudioError for what cannot be decoded. The span is left out then, and the next one may begin.
        """
        ...

    def beep(self, duration_ms: int) -> JoinedSpan:
        """Give a tone in place of a word: a span of its own, as loud as the rest. Not within another span.

        Before all speech it is the first span that sounds: at 24 kHz, and -20 LUFS loud.
        """
        ...


class AudioJoiners(Protocol):
    """Opens joiners."""

    def open(self) -> AudioJoiner:
        """Start an utterance."""
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
