"""One text, played while it is being made."""

import numpy as np
from torch import Tensor

from gpu_service.engine.checkpoint import Voice
from gpu_service.engine.decoding import Decoding
from gpu_service.engine.sound import CrossFade
from gpu_service.engine.vocoder import SAMPLES_A_FRAME, Vocoder
from gpu_service.ports import Samples

_FIRST, _MOST = 8, 40
"""Tokens in the first piece (0.4 s) and in later ones, each of which has twice as many as the one before."""

_BEHIND, _AHEAD = 20, 16
"""Vocoder frames that are heard in a frame, on either side: HiFi-GAN's convolutions reach no further."""

_OVERLAP = 4 * SAMPLES_A_FRAME


class Stream:
    """Pieces of a row that is being decoded; each ends where later tokens cannot change it any more."""

    def __init__(self, decoding: Decoding, vocoder: Vocoder, voice: Voice, tempo: float) -> None:
        self._decoding, self._vocoder, self._voice, self._tempo = decoding, vocoder, voice, tempo
        self._fade = CrossFade(_OVERLAP)
        self._tokens = _FIRST
        self._done = 0  # frames whose samples are played or held back
        self.over = False

    def piece(self) -> Samples:
        """The next piece, which may be empty at the end."""
        target = len(self._decoding.tokens[0]) + self._tokens
        while self._decoding.active and len(self._decoding.tokens[0]) < target:
            self._decoding.advance()
        self._tokens = min(_MOST, 2 * self._tokens)
        self.over = not self._decoding.active
        # All latents are stretched anew, which is cheap: frames lie at fractions of tokens, counted from the first one.
        frames = self._vocoder.frames(self._decoding.latents(0), self._tempo)
        end = frames.shape[-1] if self.over else max(self._done, frames.shape[-1] - _AHEAD)
        begin = self._done - self._fade.held // SAMPLES_A_FRAME
        samples = self._window(frames, begin, end)
        self._done = end
        return self._fade.push(samples, last=self.over)

    def _window(self, frames: Tensor, begin: int, end: int) -> Samples:
        """Samples of frames from ``begin`` to ``end``, made with what is heard of others in them."""
        first = max(0, begin - _BEHIND)
        if end <= begin:
            return np.zeros(0, dtype=np.float32)
        heard = frames[:, first : end + _AHEAD]
        made = self._vocoder.sound([heard], [self._voice.speaker])[0].numpy()
        cut: Samples = made[(begin - first) * SAMPLES_A_FRAME : (end - first) * SAMPLES_A_FRAME]
        return cut
