"""From texts' embeddings to audio tokens and their latents, for several rows at once, token by token."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gpu_service.engine.sampling import Sampling, choose, noise
from gpu_service.engine.transformer import Transformer

_PREFIX_TOKEN = 1
"""What XTTS puts in the place of its prefix among the tokens: the repetition penalty counts it as said."""


def prefix_of(gpt: nn.Module, conditioning: Tensor, text_tokens: Sequence[int]) -> Tensor:
    """What a row starts with: latents of its voice (latents x width), then its text; length x width."""
    tokens = torch.tensor([gpt.start_text_token, *text_tokens, gpt.stop_text_token], device=conditioning.device)
    positions = torch.arange(len(tokens), device=conditioning.device)
    text = gpt.text_embedding(tokens) + gpt.text_pos_embedding.emb(positions)
    return torch.cat([conditioning.to(text.dtype), text])


class Decoding:
    """A batch under way. A row that said its stop token, or as many as there may be, leaves it.

    Attributes:
        tokens: of each row so far, with the stop token.
        most_tokens: where a row is cut.
    """

    def __init__(
        self, gpt: nn.Module, transformer: Transformer, prefixes: Sequence[Tensor], seeds: Sequence[int], how: Sampling
    ) -> None:
        self._gpt, self._how = gpt, how
        self.most_tokens: int = gpt.max_gen_mel_tokens
        count, device = len(prefixes), transformer.device
        self._context = transformer.begin(prefixes, self.most_tokens)
        self._slots = list(range(count))
        self._rows = torch.arange(count, device=device)
        self._latents = torch.empty(
            (count, self.most_tokens, transformer.width), dtype=transformer.dtype, device=device
        )
        self._seen = torch.zeros((count, gpt.num_audio_tokens), dtype=torch.bool, device=device)
        self._seen[:, [_PREFIX_TOKEN, gpt.start_audio_token]] = True
        self._noise = noise(seeds, self.most_tokens, how.candidates).to(device) if how.temperature else None
        self._next = torch.full((count,), gpt.start_audio_token, device=device)
        self._step = 0
        self.tokens: list[list[int]] = [[] for _ in prefixes]

    @property
    def active(self) -> int:
        """How many rows are not at their end."""
        return len(self._slots)

    def latents(self, row: int) -> Tensor:
        """Of each of a row's tokens so far; tokens x width."""
        return self._latents[row, : len(self.tokens[row])]

    def advance(self) -> None:
        """One more token for each row that is not at its end."""
        position = self._gpt.mel_pos_embedding.emb.weight[self._step]
        latents = self._context.go_on(self._gpt.mel_embedding(self._next) + position)
        self._latents[self._rows, self._step] = latents
        logits = self._gpt.mel_head(latents).float()
        drawn = None if self._noise is None else self._noise[self._rows, self._step]
        self._next = choose(logits, self._seen[self._rows], self._how, drawn)
        self._seen[self._rows, self._next] = True
        self._step += 1
        self._keep(self._next.tolist())

    def _keep(self, tokens: list[int]) -> None:
        for row, token in zip(self._slots, tokens, strict=True):
            self.tokens[row].append(token)
        ended = [
            slot
            for slot, token in enumerate(tokens)
            if token == self._gpt.stop_audio_token or self._step == self.most_tokens
        ]
        if not ended:
            return
        places = list(range(len(tokens)))
        for slot in reversed(ended):  # as the context does: the last one moves to the place of the one that leaves
            self._context.leave(slot)
            places[slot] = places[-1]
            places.pop()
        self._slots = [self._slots[place] for place in places]
        kept = torch.tensor(places, dtype=torch.long, device=self._next.device)
        self._rows, self._next = self._rows[kept], self._next[kept]
