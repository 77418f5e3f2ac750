"""Checkpoints on one device: as many as fit, the least recently used making room."""

import os
import weakref
from collections import OrderedDict
from pathlib import Path

import torch

from gpu_service.engine import checkpoint
from gpu_service.engine.settings import EngineSettings
from gpu_service.engine.xtts import XttsEngine
from gpu_service.memory import Memory, NoMemoryError, free_host_bytes

_SHARE = 0.85
"""Of what is free: the rest is for what is not in the account, fragments and the libraries' own."""


class Models:
    """Loaded checkpoints by their directory. Not for several threads at once.

    An engine that was let go here still works for whoever holds it; its memory is free when nobody does.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self.device = _device(settings.device)
        torch.set_num_threads(settings.threads or _cores())
        self.memory = Memory(settings.memory_budget_bytes or int(_free_bytes(self.device) * _SHARE))
        self._engines: OrderedDict[Path, XttsEngine] = OrderedDict()

    def __len__(self) -> int:
        return len(self._engines)

    def engine(self, directory: Path) -> XttsEngine:
        """The engine of a checkpoint, loaded if it is not. Raises CheckpointError, NoMemoryError."""
        directory = directory.resolve()
        if directory not in self._engines:
            loaded = checkpoint.load(directory, self._settings.checksums)
            size = sum(weight.nbytes for weight in loaded.model.state_dict().values())
            size //= 2 if self._settings.half else 1
            self._make_room(size)
            engine = XttsEngine(loaded, self._settings, self.device, self.memory)
            weakref.finalize(engine, self.memory.release, size)
            self._engines[directory] = engine
        self._engines.move_to_end(directory)
        return self._engines[directory]

    def _make_room(self, size: int) -> None:
        while True:
            try:
                return self.memory.allocate(size)
            except NoMemoryError:
                if not self._engines:
                    raise
                self._engines.popitem(last=False)
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _free_bytes(device: torch.device) -> int:
    if device.type != "cuda":
        return free_host_bytes()
    return int(torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device))
