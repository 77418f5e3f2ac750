"""Captions of a viewer's own words, out of all that is said around them."""

from collections.abc import Sequence

from danmu_tts.domain.audio import Caption
from danmu_tts.text.room_words import Saying


def own_captions(captions: Sequence[Caption], saying: Saying) -> tuple[Caption, ...]:
    """Those parts of the captions that are the viewer's words, and when these are heard.

    A part that is only half theirs is cut where their words begin or end, its time in proportion.

    Args:
        captions: of all that is said, in order; together they are the text but for spaces between them.
    """
    found: list[Caption] = []
    at = 0
    for caption in captions:
        while at < len(saying.text) and saying.text[at].isspace():
            at += 1
        start, end = at, at + len(caption.text)
        at = end
        own_start, own_end = max(start, saying.start), min(end, saying.end)
        if own_start >= own_end:
            continue
        ms_per_char = (caption.end_ms - caption.start_ms) / max(1, len(caption.text))
        found.append(
            Caption(
                caption.text[own_start - start : own_end - start],
                round(caption.start_ms + (own_start - start) * ms_per_char),
                round(caption.end_ms - (end - own_end) * ms_per_char),
            )
        )
    return tuple(found)
