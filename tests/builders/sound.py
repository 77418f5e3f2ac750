"""Make, decode and measure sound."""

import io
from typing import Any

import av
import av.filter
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


def measured_lufs(samples: Samples, rate_hz: int) -> float:
    """Integrated loudness by libavfilter's meter. It needs a block of 400 ms at least."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate_hz, format="dbl", layout="mono")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="dbl", layout="mono")
    frame.sample_rate = rate_hz
    frame.pts = 0
    source.push(frame)
    source.push(None)
    readings: list[Any] = []
    while True:
        try:
            readings.append(sink.pull().metadata.get("lavfi.r128.I"))
        except av.error.EOFError:
            return float([reading for reading in readings if reading is not None][-1])


def _decode_aac(audio: bytes) -> tuple[Samples, int]:
    with av.open(io.BytesIO(audio)) as container:
        frames: list[Any] = list(container.decode(audio=0))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float64), int(frames[0].sample_rate)
