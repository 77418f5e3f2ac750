"""How loud speech is heard, and making it as loud as other speech.

Loudness is that of ITU-R BS.1770-5, gated, which EBU R 128 calls programme loudness; of a single channel.
"""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[Any]

SILENT_LUFS = -math.inf
"""The loudness of what no block of is above the absolute gate."""

QUIETEST_SPEECH_LUFS = -60.0
"""Below that it is a breath or noise: nothing to be made as loud as speech, and nothing to make speech as quiet as."""

_BLOCK_S = 0.4
_HOP_S = 0.1
_ABSOLUTE_GATE_LUFS = -70
_RELATIVE_GATE_LU = -10
_OFFSET_LU = -0.691  # the K-weighting's gain at 997 Hz, taken back
# The standard has the filters' coefficients for 48 kHz only. These are the analogue filters behind them, found by
# libebur128: they give its coefficients at 48 kHz, and the same weighting at any other rate.
_SHELF_HZ, _SHELF_Q = 1681.974450955533, 0.7071752369554196
_SHELF_DB, _SHELF_BEND = 3.999843853973347, 0.4996667741545416
_HIGH_PASS_HZ, _HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773
_RINGING_S = 0.1  # after that the high pass has decayed by 200 dB
_CLOSE_ENOUGH_LU = 0.2
# Each try comes nearer. More of them would only flatten what cannot be that loud.
_MAX_TRIES = 8
_CEILING = 0.95  # what is turned up stays below it: an encoder overshoots a little
# Most voices' pitch period, so that no period is bent; much shorter than a syllable.
_LIMITER_BLOCK_S = 0.01


def gated_loudness(samples: "Samples", rate_hz: int) -> float:
    """Measure float samples in -1..1, in LUFS; ``SILENT_LUFS`` for silence and for no samples.

    What is shorter than a block of 400 ms is one block. A full-scale sine of 997 Hz is -3.01 LUFS.
    """
    import numpy as np

    if not samples.size:
        return SILENT_LUFS
    powers = _block_powers(_k_weighted(samples, rate_hz), rate_hz)
    heard = powers[powers > 10 ** ((_ABSOLUTE_GATE_LUFS - _OFFSET_LU) / 10)]
    if not heard.size:
        return SILENT_LUFS
    loud = heard[heard > np.mean(heard) * 10 ** (_RELATIVE_GATE_LU / 10)]
    return _OFFSET_LU + 10 * math.log10(float(np.mean(loud)))


def as_loud_as(samples: "Samples", rate_hz: int, lufs: float) -> "Samples":
    """Return the samples at that loudness, or as near to it as they come without clipping.

    What would clip is turned down, and then all of it turned up by what that took. Samples that are quieter than
    ``QUIETEST_SPEECH_LUFS`` stay as they are, and so do all where that loudness is.
    """
    own_lufs = gated_loudness(samples, rate_hz)
    if min(own_lufs, lufs) < QUIETEST_SPEECH_LUFS:
        return samples
    gain_lu = lufs - own_lufs
    for _ in range(_MAX_TRIES):
        louder = _limited(samples * 10 ** (gain_lu / 20), round(_LIMITER_BLOCK_S * rate_hz))
        missing_lu = lufs - gated_loudness(louder, rate_hz)
        if abs(missing_lu) < _CLOSE_ENOUGH_LU:
            break
        gain_lu += missing_lu
    return louder


def _k_weighted(samples: "Samples", rate_hz: int) -> "Samples":
    """The standard's two filters, applied to the spectrum: numpy has no fast recursive filter."""
    import numpy as np

    size = 1 << (samples.size + round(_RINGING_S * rate_hz)).bit_length()
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    spectrum = np.fft.rfft(samples.astype(np.float64), size) * _shelf(delay, rate_hz) * _high_pass(delay, rate_hz)
    weighted: Samples = np.fft.irfft(spectrum, size)
    return weighted[: samples.size]


def _shelf(delay: "Samples", rate_hz: int) -> "Samples":
    """What a head does to sound: 4 dB more above some 2 kHz."""
    k = math.tan(math.pi * _SHELF_HZ / rate_hz)
    gain = 10 ** (_SHELF_DB / 20)
    bend = gain**_SHELF_BEND * k / _SHELF_Q
    above: Samples = gain + bend + k**2 + 2 * (k**2 - gain) * delay + (gain - bend + k**2) * delay**2
    return above / _resonance(delay, k, _SHELF_Q)


def _high_pass(delay: "Samples", rate_hz: int) -> "Samples":
    """What an ear does to deep sound: nothing below some 40 Hz."""
    k = math.tan(math.pi * _HIGH_PASS_HZ / rate_hz)
    # Not divided by its gain at high frequencies, 1.005 at 48 kHz: the standard's table is not either.
    return (1 - delay) ** 2 * (1 + k / _HIGH_PASS_Q + k**2) / _resonance(delay, k, _HIGH_PASS_Q)


def _resonance(delay: "Samples", k: float, q: float) -> "Samples":
    """The denominator that both filters have."""
    return 1 + k / q + k**2 + 2 * (k**2 - 1) * delay + (1 - k / q + k**2) * delay**2


def _block_powers(weighted: "Samples", rate_hz: int) -> "Samples":
    """The mean square of each block of 400 ms that is whole; the next begins 100 ms later."""
    import numpy as np

    block = min(weighted.size, round(_BLOCK_S * rate_hz))
    starts = np.arange(0, weighted.size - block + 1, _HOP_S * rate_hz).astype(np.int64)
    energy = np.concatenate([[0.0], np.cumsum(weighted**2)])
    powers: Samples = (energy[starts + block] - energy[starts]) / block
    return powers


def _limited(samples: "Samples", block: int) -> "Samples":
    """Turn down what is above the ceiling while it lasts, without a step."""
    import numpy as np

    blocks = -(-samples.size // block)
    peaks = np.abs(np.pad(samples, (0, blocks * block - samples.size))).reshape(blocks, block).max(axis=1)
    allowed = np.pad(_CEILING / np.maximum(peaks, _CEILING), 1, mode="edge")
    edges = np.minimum(allowed[:-1], allowed[1:])  # an edge belongs to the blocks on both sides
    factors: Samples = np.interp(np.arange(samples.size), np.arange(blocks + 1) * block, edges)
    return samples * factors
