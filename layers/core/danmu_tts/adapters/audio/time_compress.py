"""Make speech shorter without changing its pitch: WSOLA (Verhelst and Roelands, ICASSP 1993)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[Any]

_FRAME_S = 0.030
_SEARCH_S = 0.008


def time_compress(samples: "Samples", rate_hz: int, factor: float) -> "Samples":
    """Return float samples that last ``1/factor`` as long; ``factor`` is above 1.

    Overlapping frames are taken from further apart than they are put down. Each is moved, within a few milliseconds,
    to where it best continues the one before, so that no pitch period is torn.
    """
    import numpy as np

    frame = round(_FRAME_S * rate_hz)
    hop = frame // 2
    search = round(_SEARCH_S * rate_hz)
    if len(samples) < 2 * frame + search:
        return samples
    window = np.hanning(2 * hop + 1)[:-1].astype(np.float32)
    frames = int((len(samples) - 2 * hop - search) / (hop * factor))
    out = np.zeros((frames + 1) * hop, np.float32)
    at = 0
    for number in range(frames):
        out[number * hop : (number + 2) * hop] += samples[at : at + 2 * hop] * window
        continuation = samples[at + hop : at + 2 * hop]
        wanted = round((number + 1) * hop * factor)
        start = max(0, wanted - search)
        likeness = np.correlate(samples[start : wanted + search + hop], continuation, "valid")
        at = min(start + int(likeness.argmax()), len(samples) - 2 * hop)
    return out
