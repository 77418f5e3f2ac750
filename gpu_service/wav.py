"""Samples as files."""

import io
import wave

import numpy as np

from gpu_service.ports import Samples

_UNKNOWN_SIZE = 0xFFFFFFFF


def pcm16(samples: Samples) -> bytes:
    """16-bit little-endian. What is too loud is clipped, what is no number is silence."""
    finite = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    return (np.clip(finite, -1, 1) * 32767).round().astype("<i2").tobytes()


def wav_file(samples: Samples, sample_rate_hz: int) -> bytes:
    """A whole mono file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate_hz)
        writer.writeframes(pcm16(samples))
    return file.getvalue()


def endless_wav_header(sample_rate_hz: int) -> bytes:
    """What a mono file starts with whose length is not known yet: players read to the end."""
    header = bytearray(wav_file(np.zeros(0, np.float32), sample_rate_hz))
    for size_at in (4, 40):  # of the file, of the samples
        header[size_at : size_at + 4] = _UNKNOWN_SIZE.to_bytes(4, "little")
    return bytes(header)
