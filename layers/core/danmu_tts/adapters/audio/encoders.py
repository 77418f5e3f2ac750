"""The encoders by format, and the samples' way to them: gain, pitch, sample rate.

Encoder libraries load on first use: ``lameenc`` for MP3, ``soundfile`` for Opus and FLAC, PyAV (the ``aac`` extra).
"""

import io
import wave
from collections.abc import Callable
from typing import Any, Protocol

from danmu_tts.adapters.audio.mp3_source import AsItIs, Mp3Decoder
from danmu_tts.adapters.audio.resampler import Resampler
from danmu_tts.domain.audio import AudioEncoding, AudioFormat
from danmu_tts.domain.errors import UnsupportedFormatError
from danmu_tts.ports import AudioEncoder

# OpenAI's pcm is 24 kHz whatever the voice; Opus knows 8, 12, 16, 24 and 48 kHz only (RFC 6716, section 2.1.3).
_FIXED_RATE_HZ = {AudioFormat.PCM: 24_000, AudioFormat.OPUS: 24_000}


class _Codec(Protocol):
    def write(self, pcm: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


class Encoders:
    """Opens an encoder for each utterance; see ``ports.AudioEncoders``."""

    def __init__(self, mp3_bitrate_kbps: int = 64) -> None:
        self._codecs: dict[AudioFormat, Callable[[int], _Codec]] = {
            AudioFormat.PCM: _Pcm,
            AudioFormat.WAV: _Wav,
            AudioFormat.MP3: lambda rate_hz: _Mp3(rate_hz, mp3_bitrate_kbps),
            AudioFormat.OPUS: lambda rate_hz: _SoundFile(rate_hz, "OGG", "OPUS"),
            AudioFormat.FLAC: lambda rate_hz: _SoundFile(rate_hz, "FLAC", "PCM_16"),
            AudioFormat.AAC: _Aac,
        }

    def open(
        self,
        audio_format: AudioFormat,
        source_rate_hz: int,
        source: AudioEncoding = AudioEncoding.PCM,
        *,
        volume: float,
        pitch_ratio: float,
    ) -> AudioEncoder:
        """Start an utterance. Raises UnsupportedFormatError where the encoder is not installed.

        MP3 that is asked for as MP3 goes through as it is; for anything else it is decoded first.

        A pitch shift is a change of rate: samples made slower by ``pitch_ratio`` and played faster by it keep their
        tempo and change their pitch.
        """
        if source is AudioEncoding.MP3 and audio_format is AudioFormat.MP3 and volume == pitch_ratio == 1:
            return AsItIs(source_rate_hz)
        rate_hz = _FIXED_RATE_HZ.get(audio_format, source_rate_hz)
        try:
            codec = self._codecs[audio_format](rate_hz)
        except ImportError as error:
            package = "danmu-tts[aac]" if audio_format is AudioFormat.AAC else "danmu-tts"
            raise UnsupportedFormatError(
                f"{audio_format} needs an encoder that is not installed here: pip install '{package}'.", param="format"
            ) from error
        encoder = _Encoder(codec, Resampler(source_rate_hz * pitch_ratio, rate_hz, volume), rate_hz)
        return encoder if source is AudioEncoding.PCM else Mp3Decoder(encoder)


class _Encoder:
    def __init__(self, codec: _Codec, resampler: Resampler, sample_rate_hz: int) -> None:
        self._codec = codec
        self._resampler = resampler
        self.sample_rate_hz = sample_rate_hz

    def write(self, pcm: bytes) -> bytes:
        return self._codec.write(self._resampler.write(pcm))

    def finish(self) -> bytes:
        return self._codec.write(self._resampler.finish()) + self._codec.finish()


class _Pcm:
    def __init__(self, rate_hz: int) -> None:
        pass

    def write(self, pcm: bytes) -> bytes:
        return pcm

    def finish(self) -> bytes:
        return b""


class _Wav:
    """RIFF states its length up front, so everything comes at the end."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._pcm = bytearray()

    def write(self, pcm: bytes) -> bytes:
        self._pcm += pcm
        return b""

    def finish(self) -> bytes:
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self._rate_hz)
            file.writeframes(self._pcm)
        return buffer.getvalue()


class _Mp3:
    _FASTER_THAN_DEFAULT = 5  # LAME's 0 (best) to 9 (fastest); speech at 64 kbit/s does not show the difference

    def __init__(self, rate_hz: int, bitrate_kbps: int) -> None:
        import lameenc

        self._encoder = lameenc.Encoder()
        self._encoder.silence()
        self._encoder.set_in_sample_rate(rate_hz)
        self._encoder.set_channels(1)
        self._encoder.set_bit_rate(bitrate_kbps)
        self._encoder.set_quality(self._FASTER_THAN_DEFAULT)
        self._started = False

    def write(self, pcm: bytes) -> bytes:
        self._started = self._started or bool(pcm)
        return bytes(self._encoder.encode(pcm)) if pcm else b""

    def finish(self) -> bytes:
        return bytes(self._encoder.flush()) if self._started else b""


class _Kept(io.BytesIO):
    """Stays open: libsndfile writes its last bytes when an encoder that nobody finished is thrown away."""

    def close(self) -> None:
        """Not before its memory is given back."""


class _SoundFile:
    """libsndfile seeks back to complete its header, so everything comes at the end."""

    def __init__(self, rate_hz: int, container: str, subtype: str) -> None:
        import soundfile

        self._buffer = _Kept()
        self._file = soundfile.SoundFile(
            self._buffer, "w", samplerate=rate_hz, channels=1, format=container, subtype=subtype
        )

    def write(self, pcm: bytes) -> bytes:
        self._file.buffer_write(pcm, dtype="int16")
        return b""

    def finish(self) -> bytes:
        self._file.close()
        return self._buffer.getvalue()


class _Aac:
    """AAC-LC in ADTS, through PyAV."""

    _BITRATE = 64_000

    def __init__(self, rate_hz: int) -> None:
        import av

        self._buffer = io.BytesIO()
        self._container = av.open(self._buffer, "w", format="adts")
        self._stream: Any = self._container.add_stream("aac", rate=rate_hz)
        self._stream.layout = "mono"
        self._stream.bit_rate = self._BITRATE
        self._rate_hz = rate_hz
        self._written = 0

    def write(self, pcm: bytes) -> bytes:
        if not pcm:
            return b""
        import av
        import numpy as np

        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2").reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self._rate_hz
        frame.pts = self._written
        self._written += frame.samples
        self._container.mux(self._stream.encode(frame))
        return b""

    def finish(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._buffer.getvalue()
