"""What is shown while each piece of speech is heard: the danmu as it was written."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from danmu_tts.domain.audio import Caption

if TYPE_CHECKING:
    from danmu_tts.text.reading import Reading


def shown(captions: Sequence[Caption], reading: "Reading", said: str) -> tuple[Caption, ...]:
    """The captions with words of the original; together they show all of it, in order.

    Args:
        captions: as the voices timed them, with the words that they said.
        said: all those words: as long as ``reading.spoken``, perhaps in other characters.
    """
    found: list[tuple[int, Caption]] = []
    at = 0
    for caption in captions:
        words = caption.text.strip()
        start = said.find(words, at) if words else -1
        if start < 0:  # a vendor that writes what it says in its own way; it is shown with what was before it
            if found:
                found[-1] = (found[-1][0], replace(found[-1][1], end_ms=caption.end_ms))
            continue
        found.append((start, caption))
        at = start + len(words)
    edges = [0, *(start for start, _ in found[1:]), len(said)]
    texts = [reading.shown_for(start, end).strip() for start, end in pairwise(edges)]
    return tuple(replace(caption, text=text) for (_, caption), text in zip(found, texts, strict=False) if text)
