"""HiFi-GAN of XTTS: latents to samples.

On a CPU rows are made one by one: it is bound by arithmetic there, and several rows drop out of its caches. On a GPU
they are made together. Padding then must not be heard: a convolution looks over a row's end, where alone it would see
zeros, so whatever lies beyond an end is set to zero before each of them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

SAMPLES_A_FRAME = 256


class Vocoder:
    """The decoder of a loaded model.

    Attributes:
        together: whether rows are made at once.
        frames_a_token: vocoder frames for each audio token.
    """

    def __init__(self, decoder: nn.Module, *, together: bool, half: torch.dtype | None, compiled: bool) -> None:
        for module in decoder.modules():
            if parametrize.is_parametrized(module, "weight"):  # else the weights are computed anew for each row
                parametrize.remove_parametrizations(module, "weight")
        generator = decoder.waveform_decoder
        self._lengths: Tensor | None = None
        for part in (generator.conv_pre, generator.conv_post, *generator.ups, *generator.resblocks):
            for module in part.modules():
                if isinstance(module, nn.Conv1d | nn.ConvTranspose1d) and together:
                    module.register_forward_pre_hook(self._silence_after_end)
        self._generate: Callable[..., Tensor] = torch.compile(generator, dynamic=True) if compiled else generator
        self._device: torch.device = decoder.device
        self._half = half
        self.together = together
        self._upsampling = (
            decoder.ar_mel_length_compression / decoder.output_hop_length,
            decoder.output_sample_rate / decoder.input_sample_rate,
        )
        self.frames_a_token = self._upsampling[0] * self._upsampling[1]

    def frames(self, latents: Tensor, tempo: float = 1.0) -> Tensor:
        """Latents (tokens x width), faster or slower, at the vocoder's own rate (width x frames)."""
        signal = latents.float().T[None]
        for scale in (1 / tempo, *self._upsampling):
            if scale != 1 and int(signal.shape[-1] * scale) > 0:
                signal = functional.interpolate(signal, scale_factor=scale, mode="linear")
        return signal[0]

    def sound(self, rows: Sequence[Tensor], speakers: Sequence[Tensor]) -> list[Tensor]:
        """Samples of each row, on the CPU, from its frames (width x frames) and its speaker (d x 1)."""
        if self.together:
            return self._sound_together(rows, speakers)
        return [
            self._call(row[None], speaker[None])[0, 0].float().cpu()
            for row, speaker in zip(rows, speakers, strict=True)
        ]

    def _sound_together(self, rows: Sequence[Tensor], speakers: Sequence[Tensor]) -> list[Tensor]:
        lengths = [row.shape[-1] for row in rows]
        longest = max(lengths)
        self._lengths = torch.tensor(lengths, device=rows[0].device) / longest
        try:
            padded = torch.stack([functional.pad(row, (0, longest - row.shape[-1])) for row in rows])
            sounds = self._call(padded, torch.stack(list(speakers)))[:, 0].float().cpu()
        finally:
            self._lengths = None
        return [sound[: length * SAMPLES_A_FRAME] for sound, length in zip(sounds, lengths, strict=True)]

    def _call(self, frames: Tensor, speakers: Tensor) -> Tensor:
        with torch.autocast(self._device.type, dtype=self._half, enabled=self._half is not None):
            return self._generate(frames, g=speakers)

    def _silence_after_end(self, module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        if self._lengths is None:
            return None
        signal: Tensor = inputs[0]
        ends = (self._lengths * signal.shape[-1]).round()
        beyond = torch.arange(signal.shape[-1], device=signal.device) >= ends[:, None]
        return (signal.masked_fill(beyond[:, None], 0), *inputs[1:])
