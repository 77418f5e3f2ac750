"""How much memory a computation took at its most."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass(slots=True)
class Peak:
    """Bytes above what was taken before; 0 where nobody can say."""

    bytes: int = 0


class Usage:
    """Of a device. On a CPU the process shares its memory with all else that it does: there it says nothing."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    @contextmanager
    def measured(self) -> Iterator[Peak]:
        """Fill in the peak when the block is left."""
        peak = Peak()
        if self._device.type != "cuda":
            yield peak
            return
        torch.cuda.reset_peak_memory_stats(self._device)
        before = torch.cuda.memory_allocated(self._device)
        yield peak
        peak.bytes = torch.cuda.max_memory_allocated(self._device) - before
