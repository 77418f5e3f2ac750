"""What an engine is told when it is loaded. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How XTTS is loaded and run.

    Attributes:
        directory: the checkpoint: config.json, model.pth, vocab.json, speakers_xtts.pth.
        checksums: SHA-256 of each of these files by its name, or the name of a file in the directory that lists them
            (a JSON object, or lines as ``sha256sum`` writes them). None: the files are trusted as they are.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``.
        half: weights and arithmetic in 16 bits: half the memory, and faster on a GPU.
        compile: let torch compile the model: minutes at the start, faster afterwards.
        temperature: 0 takes the likeliest token every time; None is the checkpoint's own.
        most_rows: how many texts are made together at most.
        memory_budget_bytes: of the device, for weights and batches; None: most of what is free at the start.
        threads: of the CPU; None: as many as this process may run on.
        most_latents: how many recordings' latents are kept, at 100 to 200 KB each.
    """

    directory: Path
    checksums: Mapping[str, str] | str | None = None
    device: str = "auto"
    half: bool = False
    compile: bool = False
    temperature: float | None = None
    most_rows: int = 16
    memory_budget_bytes: int | None = None
    threads: int | None = None
    most_latents: int = 256
