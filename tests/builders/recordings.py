"""Recordings to clone, and what people send instead."""

import asyncio
import io
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
from numpy.typing import NDArray

from danmu_tts.adapters.backends.piper import PiperBackend
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.engine_slots import EngineSlots
from tests.builders.piper_voices import PACKAGED_ID

Samples = NDArray[np.float32]

RATE_HZ = 22_050
_LINE = "Welcome to the stream, nice to see you all! Today we will play a game that many of you have asked for."


@cache
def speech() -> Samples:
    """Some 5.6 s of an English voice, made once a process."""

    async def say() -> bytes:
        with TemporaryDirectory() as folder:
            backend = PiperBackend(EngineSlots(1), Path(folder))
            spoken = backend.synthesize(Utterance(_LINE, Voice(PACKAGED_ID, "en-US")))
            return b"".join([chunk.data async for chunk in spoken])

    with asyncio.Runner() as runner:
        return (np.frombuffer(runner.run(say()), "<i2") / 32768).astype(np.float32)


@cache
def spoken_wav() -> bytes:
    return sound_file(speech())


def sound_file(samples: Samples, rate_hz: int = RATE_HZ, kind: str = "WAV", subtype: str | None = None) -> bytes:
    """A file as libsndfile writes it."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=kind, subtype=subtype)
    return file.getvalue()


def silence(seconds: float, rate_hz: int = RATE_HZ) -> Samples:
    return np.zeros(round(seconds * rate_hz), np.float32)


def tone(seconds: float, hz: float = 220) -> Samples:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def horn(seconds: float, hz: float = 200) -> Samples:
    """A tone with all overtones."""
    return ((np.arange(round(seconds * RATE_HZ)) * hz / RATE_HZ % 1) - 0.5).astype(np.float32)


def motor(seconds: float) -> Samples:
    """A horn that becomes duller and brighter, four times a second, and is as loud all the time."""
    dull = np.convolve(horn(seconds), np.ones(40) / 40, "same")
    share = (1 + tone(seconds, 4) * 2) / 2
    mixed = horn(seconds) * share + dull * (1 - share)
    block = RATE_HZ // 100
    power = np.convolve(np.square(mixed), np.ones(block) / block, "same")
    return (0.1 * mixed / np.sqrt(power + 1e-6)).astype(np.float32)


def noise(seconds: float) -> Samples:
    return (np.random.default_rng(1).normal(size=round(seconds * RATE_HZ)) * 0.1).astype(np.float32)
