"""Make, decode and measure sound."""

import io
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from danmu_tts.domain.audio import AudioFormat

Samples = NDArray[np.float64]

PCM_RATE_HZ = 24_000


def sine(seconds: float = 1.0, *, hz: float = 440.0, rate_hz: int = 22_050, amplitude: float = 0.5) -> bytes:
    """Signed 16-bit mono samples of a pure tone."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    tone: NDArray[np.int16] = (np.sin(2 * np.pi * hz * time_s) * amplitude * 32767).astype("<i2")
    return tone.tobytes()


def decode(audio: bytes, audio_format: AudioFormat) -> tuple[Samples, int]:
    """Samples in -1..1 and their rate, by a decoder that is not ours."""
    if audio_format is AudioFormat.PCM:
        return np.frombuffer(audio, "<i2") / 32768, PCM_RATE_HZ
    if audio_format is AudioFormat.AAC:
        return _decode_aac(audio)
    samples, rate_hz = soundfile.read(io.BytesIO(audio), dtype="float64")
    return samples, int(rate_hz)


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def loudest_frequency_hz(samples: Samples, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate_hz / len(samples))


def _decode_aac(audio: bytes) -> tuple[Samples, int]:
    with av.open(io.BytesIO(audio)) as container:
        frames: list[Any] = list(container.decode(audio=0))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float64), int(frames[0].sample_rate)
