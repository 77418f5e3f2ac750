"""A backend that hums every text on one note. It shows all that a backend of one's own must write."""

from collections.abc import AsyncIterator, Sequence

import numpy as np

from danmu_tts.adapters.backends.base import BaseBackend
from danmu_tts.domain.audio import AudioChunk, Caption
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.plugins import BackendContext
from danmu_tts.text.split import split_for_speech

SAMPLE_RATE_HZ = 24_000
MS_PER_CHAR = 80
AMPLITUDE = 0.3

# The revision is part of the cache key: raise it when the same text comes to sound different.
VOICES = tuple(
    Voice(f"hum:{name}", language, revision="1") for name, language in (("a", "zh"), ("c", "en"), ("e", "ko"))
)
PITCHES_HZ = {"a": 220.0, "c": 261.63, "e": 329.63}


class HumBackend(BaseBackend):
    """One voice a language, one pitch a voice."""

    name = "hum"  # the entry point's name, and the part of its voices' ids before the colon

    async def get_voices(self) -> Sequence[Voice]:
        """Name who can speak now, the default first."""
        return VOICES

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        """Hum clause by clause, so that the first is heard early; each brings its own caption."""
        start_ms = 0
        for clause in split_for_speech(utterance.text):
            end_ms = start_ms + round(len(clause) * MS_PER_CHAR / utterance.tempo)
            pcm = _tone(PITCHES_HZ[utterance.voice.name], end_ms - start_ms)
            yield AudioChunk(pcm, SAMPLE_RATE_HZ, captions=(Caption(clause, start_ms, end_ms),))
            start_ms = end_ms


def create(context: BackendContext) -> HumBackend:
    """Make the backend; called once a process, and only where the settings name it."""
    return HumBackend()


def _tone(pitch_hz: float, duration_ms: int) -> bytes:
    """A sine as signed 16-bit little-endian mono samples."""
    seconds = np.arange(duration_ms * SAMPLE_RATE_HZ // 1000) / SAMPLE_RATE_HZ
    samples = np.sin(2 * np.pi * pitch_hz * seconds) * (AMPLITUDE * 32767)
    return samples.astype("<i2").tobytes()
