"""What length scale makes a Piper voice speak at a given tempo.

The model rounds each phoneme's length up to whole frames, so speech does not shrink as its length scale does: halving
the scale takes away about a third of the time, and no scale makes it four times as fast. How it shrinks differs from
voice to voice and is measured once a voice.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

_SAMPLE_TEXT = "1 2 3 4 5"  # every language reads digits
_SCALES = (0.05, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class TempoModel:
    """How long speech lasts at each length scale, both relative to the voice's own.

    Attributes:
        base_scale: the voice's own length scale.
        points: ``(relative scale, relative duration)``, rising in both; the last is ``(1, 1)``.
    """

    base_scale: float
    points: tuple[tuple[float, float], ...]

    @classmethod
    def measure(cls, voice: Any) -> Self:
        """Let a ``piper.PiperVoice`` speak at several scales."""
        base: float = voice.config.length_scale
        lengths = [_samples(voice, base * scale) for scale in _SCALES]
        if not all(0 < shorter < longer for shorter, longer in pairwise(lengths)):
            return cls(base, ((0.0, 0.0), (1.0, 1.0)))  # a voice that makes no sense of digits: assume proportion
        return cls(base, tuple((scale, length / lengths[-1]) for scale, length in zip(_SCALES, lengths, strict=True)))

    def scale_for(self, tempo: float) -> tuple[float, float]:
        """The length scale for a tempo, and the factor by which the speech is still too long then, 1 or more."""
        wanted = 1 / tempo
        shortest_scale, shortest = self.points[0]
        if wanted <= shortest:
            return shortest_scale * self.base_scale, shortest / wanted
        # The straight line through the two points around it; beyond the last point, the last such line goes on.
        for (scale, share), (next_scale, next_share) in pairwise(self.points):
            relative = scale + (wanted - share) * (next_scale - scale) / (next_share - share)
            if wanted <= next_share:
                break
        return relative * self.base_scale, 1.0


def _samples(voice: Any, length_scale: float) -> int:
    from piper import SynthesisConfig

    config = SynthesisConfig(length_scale=length_scale, noise_scale=0.0, noise_w_scale=0.0)
    return sum(len(chunk.audio_float_array) for chunk in voice.synthesize(_SAMPLE_TEXT, config))
