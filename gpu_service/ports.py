"""What the consumer and the web server need of an engine, so that neither knows torch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from speech_contract.jobs import Reason

Samples = NDArray[np.float32]
"""Mono samples, -1 to 1, at the engine's rate."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A recording to clone: its SHA-256, which names the latents, and the WAV file, None where those are there."""

    sha256: str
    wav: bytes | None


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be said; see ``speech_contract.jobs.SpeechJob``."""

    parts: tuple[str, ...]
    language: str
    speaker: str
    reference: Reference | None = None
    tempo: float = 1.0
    seed: int = 0


class LineError(Exception):
    """A line cannot be said; another one in the same batch can. ``reason`` as in ``speech_contract.jobs``."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.message = message


class Engine(Protocol):
    """XTTS. Its methods block and may be called from any thread: one inference a model at a time."""

    @property
    def sample_rate_hz(self) -> int:
        """Of all audio."""
        ...

    @property
    def speakers(self) -> Sequence[str]:
        """Speakers of the checkpoint, as voices name them: ``ana-florence``."""
        ...

    def warm_up(self) -> None:
        """Say something, so that the first listener need not wait for what is done once."""
        ...

    def most_rows(self, lines: Sequence[Line]) -> int:
        """How many of these, from the first on, fit into the memory together; at least 1."""
        ...

    def speak(self, lines: Sequence[Line]) -> list[Samples | LineError]:
        """Say lines together; what came of each, in order. Memory that runs out is met by smaller batches."""
        ...

    def stream(self, line: Line) -> Iterator[Samples]:
        """Say one line, piece by piece. Raises LineError."""
        ...

    def has_latents(self, sha256: str) -> bool:
        """Whether a recording's latents are there, so that its bytes need not be fetched."""
        ...

    def figures(self) -> Mapping[str, float]:
        """What metrics show: memory (bytes: budget, allocated, predicted, most), latents kept, batches halved…"""
        ...
