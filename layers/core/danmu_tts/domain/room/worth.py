"""Which utterance is worth more, and how long it will take to say."""

from collections.abc import Mapping, Sequence

from danmu_tts.domain.room.state import RoomState, split_tags
from danmu_tts.domain.room.values import RoomUtterance, tag

# Some 4.5 syllables a second, and what is silent at both ends.
_SYLLABLE_MS, _EDGES_MS = 220.0, 350
_FASTEST_MS, _SLOWEST_MS = 60.0, 900.0
_LEARNT = 0.2
_MOST_PACES = 24
# While less waits there is no hurry, and with more it speaks as fast as it may.
_RELAXED_MS, _HURRIED_MS = 8_000, 25_000

Order = tuple[int, int, int]


def by_worth(state: RoomState) -> list[RoomUtterance]:
    """All that waits, the most valuable first.

    The higher rank goes first. Of what was paid for, whoever came first. Of the rest, the viewer who was not heard for
    the longest time, so that all have equal shares however much one of them writes; and of those who were not heard at
    all lately, the freshest. What several say is nobody's own, and goes with those.
    """
    heard = {each: position for position, each in enumerate(split_tags(state.speakers))}
    return sorted(state.waiting, key=lambda utterance: _order(utterance, heard))


def _order(utterance: RoomUtterance, heard: Mapping[str, int]) -> Order:
    if utterance.rank.is_paid:
        return -utterance.rank, 0, utterance.first_ms
    own = utterance.people == 1 and utterance.viewer
    return -utterance.rank, heard.get(tag(utterance.viewer), -1) if own else -1, -utterance.last_ms


def predicted_ms(state: RoomState, voice: str, weight: float, speed: float = 1.0) -> int:
    """How long it takes a voice to say so many syllables, by what it took before."""
    return round((_EDGES_MS + weight * state.paces.get(voice, _SYLLABLE_MS)) / speed)


def learn(state: RoomState, voice: str, weight: float, duration_ms: float) -> None:
    """A voice took so long, at its own tempo, for so many syllables."""
    if weight <= 0:
        return
    took_ms = min(max((duration_ms - _EDGES_MS) / weight, _FASTEST_MS), _SLOWEST_MS)
    known_ms = state.paces.pop(voice, took_ms)
    state.paces[voice] = round(known_ms + (took_ms - known_ms) * _LEARNT, 1)
    for oldest in list(state.paces)[:-_MOST_PACES]:
        del state.paces[oldest]


def tempo(backlog_ms: int, fastest: float) -> float:
    """How much faster than usual to speak while so much waits: 1 to ``fastest``, in steps of 0.1.

    In steps, because audio that is the same can be had from the cache.
    """
    haste = min(max((backlog_ms - _RELAXED_MS) / (_HURRIED_MS - _RELAXED_MS), 0.0), 1.0)
    return round(1 + (fastest - 1) * haste, 1)


def choose_voice(viewer: str, voices: Sequence[str]) -> str:
    """The viewer's own among some: the same for good, and as many keep theirs as can when the list changes.

    Each pair of viewer and voice has a number of its own, and the highest wins (rendezvous hashing, Thaler and
    Ravishankar, 1996).
    """
    return max(voices, key=lambda voice: tag(f"{viewer}\n{voice}"), default="")
