"""What it takes to make speech in a room, as this process has seen it lately: money, and time."""

from collections.abc import Callable
from dataclasses import dataclass, field

_MOST_ROOMS, _PAID_S = 10_000, 60
_LEARNT = 0.2
# A voice that needs more than this for a second of speech falls behind where a few short ones come in a row.
_QUICK_SHARE, _SLOW_AHEAD_MS = 0.4, 2_500


@dataclass(slots=True)
class _Effort:
    """``share``: seconds for a second of speech. ``paid_until_s``: by voice, while what it costs need not be asked."""

    share: float = 0.0
    paid_until_s: dict[str, float] = field(default_factory=dict)


class Efforts:
    """See the module. Of the rooms that were heard of last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` counts seconds from any start."""
        self._clock = clock
        self._rooms: dict[str, _Effort] = {}

    def took(self, room: str, took_s: float, duration_s: float) -> None:
        """Speech of that duration was made in that time."""
        effort, share = self._of(room), took_s / duration_s
        effort.share = effort.share + (share - effort.share) * _LEARNT if effort.share else share

    def costs(self, room: str, voice: str) -> None:
        """What that voice says there costs."""
        self._of(room).paid_until_s[voice] = self._clock() + _PAID_S

    def is_free(self, room: str, voice: str) -> bool:
        """Whether it may be: it is not known to cost."""
        effort = self._rooms.get(room)
        until_s = effort.paid_until_s.get(voice) if effort else None
        return until_s is None or until_s < self._clock()

    def ahead_ms(self, room: str) -> int:
        """How much speech to make there before it is asked for, besides what is next."""
        effort = self._rooms.get(room)
        return _SLOW_AHEAD_MS if effort and effort.share > _QUICK_SHARE else 0

    def _of(self, room: str) -> _Effort:
        effort = self._rooms.pop(room, None) or _Effort()
        self._rooms[room] = effort  # the latest last
        if len(self._rooms) > _MOST_ROOMS:
            del self._rooms[next(iter(self._rooms))]
        return effort
