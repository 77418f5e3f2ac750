"""Make speech as loud as it can be without clipping, at one gain for a whole utterance."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[Any]

_PEAK = 0.9
_ROOM = 1 - _PEAK
SILENCE = 1e-4  # a lower peak is nothing to be raised
# Longer than a pitch period of a deep voice, shorter than a syllable.
_BLOCK_S = 0.02


class Loudness:
    """The gain of one utterance.

    Where a voice's usual peak is known, every utterance of it has that same gain, and what is louder than usual is
    turned down while it lasts: the first samples can be sent before it is known how loud the rest is. Where it is not,
    the gain is what raises the first samples to the peak, lowered for good where later ones would clip.
    """

    def __init__(self, usual_peak: float | None) -> None:
        """``usual_peak``: above 0, of float samples in -1..1."""
        self._usual_peak = usual_peak
        self._gain = 0.0
        self._reached: float | None = None

    def pcm(self, samples: "Samples", rate_hz: int) -> bytes:
        """Turn the utterance's next float samples into signed 16-bit little-endian ones."""
        import numpy as np

        if not samples.size:
            return b""
        if self._usual_peak:
            louder = samples * (_PEAK / self._usual_peak)
            louder *= self._limit(np.abs(louder), max(1, round(rate_hz * _BLOCK_S)))
            # Only the first block of a window that is suddenly loud can be above the peak still: bend, do not clip.
            excess = np.maximum(np.abs(louder) - _PEAK, 0)
            louder -= np.sign(louder) * (excess - _ROOM * np.tanh(excess / _ROOM))
        else:
            wanted = _PEAK / max(float(np.abs(samples).max()), SILENCE)
            self._gain = min(self._gain or wanted, wanted)
            louder = samples * self._gain
        return (louder * 32767).astype("<i2").tobytes()

    def _limit(self, levels: "Samples", block: int) -> "Samples":
        """A factor for each sample that keeps it within the peak, without a step, from where the last one ended."""
        import numpy as np

        blocks = -(-levels.size // block)
        peaks = np.pad(levels, (0, blocks * block - levels.size)).reshape(blocks, block).max(axis=1)
        allowed = np.pad(np.minimum(1, _PEAK / np.maximum(peaks, _PEAK)), 1, mode="edge")
        edges = np.minimum(allowed[:-1], allowed[1:])  # an edge belongs to the blocks on both sides
        if self._reached is not None:
            edges[0] = self._reached
        factors: Samples = np.interp(np.arange(levels.size), np.arange(blocks + 1) * block, edges)
        self._reached = float(factors[-1])
        return factors
