"""GPT-2 of XTTS, with keys and values in one block of memory that is taken once for a whole batch.

The library's own loop copies all keys and values for every token, and its layers ask many questions of their arguments;
here are its weights in the same arithmetic, without either. Rows are padded on the left, so that all go on at the same
column; positions are part of the embeddings, so padding does not move them.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

Step = Callable[[Tensor, Tensor, Tensor | None, int], Tensor]


class Transformer:
    """The layers of a loaded ``TTS.tts.layers.xtts.gpt.GPT``; stateless, so that several batches may be under way."""

    def __init__(self, gpt: nn.Module, *, compiled: bool = False) -> None:
        self._blocks = list(gpt.gpt.h)
        self._last_norms = (gpt.gpt.ln_f, gpt.final_norm)
        self.heads: int = gpt.heads
        self.width: int = gpt.model_dim
        self.dtype: torch.dtype = gpt.mel_head.weight.dtype
        self.device: torch.device = gpt.mel_head.weight.device
        self._layers: Step = torch.compile(self._forward, dynamic=True) if compiled else self._forward

    def begin(self, prefixes: Sequence[Tensor], most_tokens: int) -> "Context":
        """Read prefixes (each length x width) and leave room for that many tokens after them."""
        return Context(self, prefixes, most_tokens)

    def run(self, inputs: Tensor, cache: Tensor, mask: Tensor | None, column: int) -> Tensor:
        """Latents (rows x positions x width) of inputs at ``column`` and on.

        cache: layers x 2 x rows x heads x columns x width of a head; written at the inputs' columns.
        mask: rows x 1 x positions x columns so far, added to scores: minus infinity where not attended to. None: zeros.
        """
        return self._layers(inputs, cache, mask, column)

    def _forward(self, hidden: Tensor, cache: Tensor, mask: Tensor | None, column: int) -> Tensor:
        rows, length, width = hidden.shape
        end = column + length
        for block, kept in zip(self._blocks, cache, strict=True):
            qkv = block.attn.c_attn(block.ln_1(hidden)).view(rows, length, 3, self.heads, width // self.heads)
            query, key, value = qkv.permute(2, 0, 3, 1, 4)
            kept[0, :, :, column:end] = key
            kept[1, :, :, column:end] = value
            seen = functional.scaled_dot_product_attention(
                query, kept[0, :, :, :end], kept[1, :, :, :end], attn_mask=mask
            )
            hidden = hidden + block.attn.c_proj(seen.transpose(1, 2).reshape(rows, length, width))
            inner = functional.gelu(block.mlp.c_fc(block.ln_2(hidden)), approximate="tanh")
            hidden = hidden + block.mlp.c_proj(inner)
        for norm in self._last_norms:
            hidden = norm(hidden)
        return hidden


class Context:
    """Keys and values of a batch's rows, which can leave it one by one."""

    def __init__(self, transformer: Transformer, prefixes: Sequence[Tensor], most_tokens: int) -> None:
        self._transformer = transformer
        count, width, heads = len(prefixes), transformer.width, transformer.heads
        longest = max(len(prefix) for prefix in prefixes)
        place = {"dtype": transformer.dtype, "device": transformer.device}
        self._cache = torch.empty(
            (len(transformer._blocks), 2, count, heads, longest + most_tokens, width // heads), **place
        )
        # Added to scores, in their own type: a truth value would be converted by every layer for every token.
        self._hidden = torch.zeros((count, longest + most_tokens), **place)
        padded = torch.zeros((count, longest, width), **place)
        for row, prefix in enumerate(prefixes):
            padded[row, longest - len(prefix) :] = prefix
            self._hidden[row, : longest - len(prefix)] = float("-inf")
        self._any_hidden = any(len(prefix) < longest for prefix in prefixes)
        later = torch.full((longest, longest), float("-inf"), **place).triu(1)
        mask = later + self._hidden[:, None, None, :longest]
        # Padding attends to itself: attending to nothing would be not-a-number, which spreads even where it is masked.
        mask.diagonal(dim1=-2, dim2=-1).zero_()
        transformer.run(padded, self._cache, mask, 0)
        self._column, self.rows = longest, count

    def go_on(self, inputs: Tensor) -> Tensor:
        """Latents (rows x width) of one more input for each row (rows x width)."""
        mask = self._hidden[: self.rows, None, None, : self._column + 1] if self._any_hidden else None
        out = self._transformer.run(inputs[:, None], self._cache[:, :, : self.rows], mask, self._column)
        self._column += 1
        return out[:, 0]

    def leave(self, row: int) -> None:
        """Take a row out: the last one moves to its place."""
        self.rows -= 1
        if row != self.rows:
            self._cache[:, :, row, :, : self._column] = self._cache[:, :, self.rows, :, : self._column]
            self._hidden[row] = self._hidden[self.rows]
