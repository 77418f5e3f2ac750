"""Samples are cut and put together: numpy only."""

from collections.abc import Sequence

import numpy as np

from gpu_service.ports import Samples

PAUSE_S = 0.12
"""Between the parts of a line: a comma's."""

_QUIET = 0.01
"""Of the loudest sample (-40 dB): below, at either end, nothing is said."""

_MARGIN_S = 0.02


def trimmed(sound: Samples, rate_hz: int) -> Samples:
    """Without the silence at either end, but for 20 ms."""
    loudness = np.abs(sound)
    heard = np.flatnonzero(loudness > _QUIET * loudness.max(initial=0))
    if not heard.size:
        return sound[:0]
    margin = int(_MARGIN_S * rate_hz)
    return sound[max(0, heard[0] - margin) : heard[-1] + 1 + margin]


def joined(parts: Sequence[Samples], rate_hz: int) -> Samples:
    """One after another, with a pause in between."""
    pause = np.zeros(int(PAUSE_S * rate_hz), dtype=np.float32)
    pieces = [piece for part in parts if part.size for piece in (pause, part)]
    return np.concatenate(pieces[1:]) if pieces else pause[:0]


class CrossFade:
    """Pieces that overlap become one sound: the end of each is held back and faded into the beginning of the next."""

    def __init__(self, overlap: int) -> None:
        self._overlap = overlap
        self._held: Samples | None = None

    def push(self, piece: Samples, *, last: bool) -> Samples:
        """What can be played now. A piece begins where what was held back begins; all of the last one is played."""
        if self._held is not None:
            fade = min(len(self._held), len(piece))
            rising = np.linspace(0, 1, fade, dtype=np.float32)
            piece = piece.copy()
            piece[:fade] = piece[:fade] * rising + self._held[:fade] * (1 - rising)
        if last:
            self._held = None
            return piece
        end = max(0, len(piece) - self._overlap)
        self._held = piece[end:]
        return piece[:end]

    @property
    def held(self) -> int:
        """How many samples are held back."""
        return 0 if self._held is None else len(self._held)
