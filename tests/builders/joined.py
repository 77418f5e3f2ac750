"""One utterance of several spans, joined, and what it is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from danmu_tts.adapters.audio.joiner import Joiners
from danmu_tts.domain.audio import AudioChunk, AudioEncoding
from danmu_tts.ports import AudioJoiner, JoinedSpan
from tests.builders.sound import Samples, measured_lufs, sine

RATE_HZ = 22_050
NEAR_S = 0.01


@dataclass
class Joined:
    """What became of one utterance: the samples and the shift of each of its spans."""

    joiner: AudioJoiner = field(default_factory=lambda: Joiners().open())
    spans: list[Samples] = field(default_factory=list)
    shifts_ms: list[float] = field(default_factory=list)
    rates_hz: set[int] = field(default_factory=set)

    def speak(self, chunks: Sequence[AudioChunk]) -> "Joined":
        ready = [self.joiner.write(chunk) for chunk in chunks]
        return self._add(ready, self.joiner.end_span())

    def beep(self, duration_ms: int) -> "Joined":
        return self._add([], self.joiner.beep(duration_ms))

    def _add(self, ready: list[AudioChunk | None], end: JoinedSpan) -> "Joined":
        chunks = [chunk for chunk in [*ready, end.chunk] if chunk]
        assert all(chunk.data and chunk.encoding is AudioEncoding.PCM and not chunk.captions for chunk in chunks)
        self.rates_hz |= {chunk.sample_rate_hz for chunk in chunks}
        self.spans.append(samples_of(chunks))
        self.shifts_ms.append(end.shift_ms)
        return self

    @property
    def rate_hz(self) -> int:
        (rate_hz,) = self.rates_hz
        return rate_hz

    @property
    def samples(self) -> Samples:
        return np.concatenate(self.spans)

    def duration_ms(self, span: int) -> float:
        return len(self.spans[span]) / self.rate_hz * 1000

    def lufs(self, span: int) -> float:
        return measured_lufs(self.spans[span], self.rate_hz)

    def jumps(self) -> list[float]:
        """The widest step between two samples around each join, the start and the end of it all."""
        near = round(NEAR_S * self.rate_hz)
        whole = np.pad(self.samples, near)
        joins = np.cumsum([0, *map(len, self.spans)]) + near
        return [float(np.abs(np.diff(whole[join - near : join + near])).max()) for join in joins]


def samples_of(chunks: Sequence[AudioChunk]) -> Samples:
    return np.frombuffer(b"".join(chunk.data for chunk in chunks), "<i2") / 32768


def chunks_of(pcm: bytes, rate_hz: int = RATE_HZ, *, size: int = 4410) -> list[AudioChunk]:
    return [AudioChunk(pcm[at : at + size], rate_hz) for at in range(0, len(pcm), size)]


def tone(seconds: float = 1.0, rate_hz: int = RATE_HZ, **how: float) -> list[AudioChunk]:
    return chunks_of(sine(seconds, rate_hz=rate_hz, **how), rate_hz)


def silence(seconds: float, rate_hz: int = RATE_HZ) -> list[AudioChunk]:
    return chunks_of(bytes(2 * round(seconds * rate_hz)), rate_hz)


def swinging(seconds: float, rate_hz: int, amplitude: float = 0.5) -> list[AudioChunk]:
    """A wave that begins and ends at its furthest swing: cut anywhere, it clicks."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return of_samples(amplitude * np.cos(2 * np.pi * 200 * time_s), rate_hz)


def of_samples(samples: Samples, rate_hz: int) -> list[AudioChunk]:
    return chunks_of(np.round(samples * 32767).astype("<i2").tobytes(), rate_hz)
