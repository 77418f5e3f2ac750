"""What became of each danmu of a room: counted, and written down under its id, for whoever asks why it was not spoken.

A step is one line, however many danmu ended in it: a line each would take longer than their admission.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from danmu_tts.domain.room.admission import Changes
from danmu_tts.domain.room.state import Hand
from danmu_tts.domain.room.values import Danmu, Fate, Reason, RoomUtterance
from danmu_tts.observability import describe_text, get_logger
from danmu_tts.ports import Metrics, Room

logger = get_logger("rooms")

Ended = dict[str, str | int]
"""A danmu's id, its outcome (see ``Metrics.danmu``), and what else is known. Times are milliseconds."""


class Fates:
    """See the module."""

    def __init__(self, metrics: Metrics, *, log_text: bool) -> None:
        self._metrics = metrics
        self._log_text = log_text

    def write(self, room: Room, changes: Changes, danmu: Sequence[Danmu] = (), fates: Sequence[Fate] = ()) -> None:
        """After a step: what ended in it. ``danmu`` came in it, and ``fates`` tell what became of them, in order."""
        ended = [*self._admitted(danmu, fates), *self._changed(room.now_ms, changes)]
        if not ended:
            return
        counts = Counter(str(each["outcome"]) for each in ended)
        for outcome, count in counts.items():
            self._metrics.danmu(outcome=outcome, count=count)
        short = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        logger.info("danmu ended: %s", short, extra={"room": room.name, "fates": ended})

    def _admitted(self, danmu: Sequence[Danmu], fates: Sequence[Fate]) -> Iterator[Ended]:
        """Those that ended when they came; the changes tell of what was dropped."""
        for each, fate in zip(danmu, fates, strict=True):
            if fate.merged and fate.into:
                yield self._ended(each, "merged") | {"into": fate.into, "count": fate.count}
            elif fate.reason is Reason.RETRACTED:
                yield self._ended(each, "retracted")
            elif fate.reason is Reason.DUPLICATE:
                yield self._ended(each, "dropped_duplicate")

    def _changed(self, now_ms: int, changes: Changes) -> Iterator[Ended]:
        for reason, ids in changes.dropped.items():
            for each in ids:
                yield self._ended(changes.let_go[each], f"dropped_{reason}", now_ms)
        for danmu_id, utterance in changes.taken_back:
            yield self._ended(utterance, "retracted", now_ms) | {"danmu": danmu_id}
        for hand in changes.spoken:
            yield self._spoken(hand)

    def _spoken(self, hand: Hand) -> Ended:
        ended = self._ended(hand.utterance, "spoken")
        if hand.lateness_ms is not None:
            ended["late_ms"] = hand.lateness_ms
        backend = hand.voice.partition(":")[0]
        return ended | {"voice": hand.voice, "backend": backend, "count": hand.utterance.count}

    def _ended(self, what: Danmu | RoomUtterance, outcome: str, now_ms: int | None = None) -> Ended:
        text = describe_text(what.words.text, log_text=self._log_text)
        if now_ms is not None and isinstance(what, RoomUtterance):
            return {"danmu": what.id, "outcome": outcome, "waited_ms": now_ms - what.first_ms, **text}
        return {"danmu": what.id, "outcome": outcome, **text}
