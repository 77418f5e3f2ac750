"""Measure audio with a decoder that is not the fakes' own."""

import io

import numpy as np
import pytest
import soundfile

# An MP3 starts and ends with a frame that is not full.
_MP3_SLACK_S = 0.15


def seconds_of(audio: bytes) -> float:
    """The length of an audio file that can be played and is not silent."""
    samples, rate_hz = soundfile.read(io.BytesIO(audio), dtype="float32")
    assert np.abs(samples).max() > 0.1
    return float(len(samples) / rate_hz)


def about(seconds: float) -> object:
    """Equal to every length that an MP3 of these seconds can have."""
    return pytest.approx(seconds, abs=_MP3_SLACK_S)


def is_audio(audio: bytes) -> bool:
    """Can it be played at all?"""
    try:
        soundfile.info(io.BytesIO(audio))
    except soundfile.LibsndfileError:
        return False
    return True
