"""What is in a finished audio file."""

import io
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float32]

# OpenAI's pcm: signed 16-bit little-endian mono at this rate.
PCM_RATE_HZ = 24_000
# A voice is between a deep man's and a child's.
_LOWEST_VOICE_HZ, _HIGHEST_VOICE_HZ = 60, 400
_FRAME_S = 0.04


def decode(audio: bytes, audio_format: str) -> tuple[Samples, int]:
    """Mono samples in -1..1 and their rate in hertz, read by another library than wrote them where there is one."""
    if audio_format == "pcm":
        return np.frombuffer(audio, "<i2").astype(np.float32) / np.float32(32768), PCM_RATE_HZ
    if audio_format == "aac":
        return _decode_aac(audio)
    with soundfile.SoundFile(io.BytesIO(audio)) as file:
        return file.read(dtype="float32"), file.samplerate


def duration_ms(audio: bytes, audio_format: str) -> float:
    samples, rate_hz = decode(audio, audio_format)
    return len(samples) / rate_hz * 1000


def loudness(samples: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(samples**2)))


def pitch_hz(samples: Samples, rate_hz: int) -> float:
    """The median pitch of the voiced frames, each told by the highest peak of its autocorrelation."""
    size = round(_FRAME_S * rate_hz)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    loud = frames[np.abs(frames).max(axis=1) > 0.2]
    return float(np.median([rate_hz / _period(frame, rate_hz) for frame in loud]))


def _period(frame: Samples, rate_hz: int) -> int:
    """In samples."""
    correlation = np.correlate(frame, frame, "full")[len(frame) - 1 :]
    shortest, longest = rate_hz // _HIGHEST_VOICE_HZ, rate_hz // _LOWEST_VOICE_HZ
    return shortest + int(np.argmax(correlation[shortest:longest]))


def _decode_aac(audio: bytes) -> tuple[Samples, int]:
    with av.open(io.BytesIO(audio)) as container:
        frames: list[Any] = list(container.decode(audio=0))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]), frames[0].sample_rate
