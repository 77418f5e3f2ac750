"""Which token comes next. Each row has its own noise: what it becomes depends on its seed, not on its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_MOST_CANDIDATES = 256
"""Where a checkpoint sets no top_k: what is beyond has no chance worth its noise."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen, as in the checkpoint's config.json. A temperature of 0 takes the likeliest."""

    temperature: float
    top_k: int
    top_p: float
    repetition_penalty: float

    @property
    def candidates(self) -> int:
        """Among how many of the likeliest tokens one is drawn."""
        return min(self.top_k or _MOST_CANDIDATES, _MOST_CANDIDATES)


def noise(seeds: Sequence[int], steps: int, candidates: int) -> Tensor:
    """Exponential noise, rows x steps x candidates, each row from its seed; made on the CPU: the same everywhere."""
    return torch.stack(
        [
            torch.empty(steps, candidates).exponential_(generator=torch.Generator().manual_seed(seed)).clamp_(min=1e-10)
            for seed in seeds
        ]
    )


def choose(logits: Tensor, seen: Tensor, sampling: Sampling, noise: Tensor | None) -> Tensor:
    """The next token of each row, by the usual order: repetition penalty, temperature, top-k, top-p.

    Drawing one of several by their probabilities is the same as taking the largest of probability / exponential noise.

    Args:
        logits: rows x tokens, 32 bits.
        seen: rows x tokens, True for those that were there before.
        sampling: how to choose.
        noise: rows x candidates; None takes the likeliest.
    """
    penalty = sampling.repetition_penalty
    if penalty != 1:
        logits = torch.where(seen, torch.where(logits < 0, logits * penalty, logits / penalty), logits)
    if noise is None:
        return logits.argmax(-1)
    scores, tokens = logits.topk(min(sampling.candidates, logits.shape[-1]))
    chances = (scores / sampling.temperature).softmax(-1)
    chances = chances.masked_fill(chances.cumsum(-1) - chances >= sampling.top_p, 0)
    return tokens.gather(-1, (chances / noise[:, : scores.shape[-1]]).argmax(-1, keepdim=True))[:, 0]
