"""Sample rate and gain in one streaming step."""

from typing import Any


class Resampler:
    """Converts signed 16-bit mono samples; does nothing at all where nothing is to be done."""

    def __init__(self, source_rate_hz: float, target_rate_hz: int, gain: float) -> None:
        self._gain = float(gain)  # an int would keep the product in 16 bits
        self._stream: Any = None
        if source_rate_hz != target_rate_hz:
            import soxr

            self._stream = soxr.ResampleStream(source_rate_hz, target_rate_hz, 1, dtype="int16", quality="HQ")

    def write(self, pcm: bytes) -> bytes:
        """Take samples, give those that are ready."""
        if self._stream is None and self._gain == 1:
            return pcm
        return self._convert(pcm, last=False)

    def finish(self) -> bytes:
        """Give the samples that the filter still holds."""
        return b"" if self._stream is None else self._convert(b"", last=True)

    def _convert(self, pcm: bytes, *, last: bool) -> bytes:
        import numpy as np

        samples = np.frombuffer(pcm, "<i2")
        if self._gain != 1:
            samples = np.clip(samples * self._gain, -32768, 32767).astype("<i2")
        if self._stream is not None:
            samples = self._stream.resample_chunk(samples, last=last)
        return bytes(samples.tobytes())
