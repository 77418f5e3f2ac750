"""A room and its player in virtual time: the policy of the live room, with nothing slow around it.

The clock jumps from one happening to the next. How long speech takes to make and to say is estimated, so that hours
are decided in seconds.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from danmu_tts.domain.room import speaking
from danmu_tts.domain.room.admission import Changes, admit
from danmu_tts.domain.room.state import RoomState
from danmu_tts.domain.room.values import Danmu, Fate, Reason, RoomRules, RoomUtterance

# As a voice that is computed on two cores: 0.3 s a second of speech, and what is around it. For one so quick, one
# utterance is prepared ahead.
_MAKING_SHARE, _MAKING_MS = 0.3, 150
# When a player asks for the next utterance, before the last one that it has is over.
_LEAD_MS = 1_500
# Events of a busy room reach us together, as a bot sends them.
_BATCH_MS = 200
_PLAYER = "player"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One that was heard. Milliseconds from the beginning."""

    utterance: RoomUtterance
    began_ms: int
    ended_ms: int
    lateness_ms: int
    deadline_ms: int


@dataclass
class Passed:
    """What came of it.

    Attributes:
        fates: what became of each danmu when it came.
        spoken: in the order in which they were heard.
        backlog: time and predicted speaking time of what waits, both milliseconds, after each step.
        speakable_ms: how long something waited that could have been spoken.
        idle_ms: how much of that nothing was heard.
    """

    state: RoomState
    fates: list[tuple[int, Fate]] = field(default_factory=list)
    spoken: list[Spoken] = field(default_factory=list)
    backlog: list[tuple[int, int]] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    speakable_ms: int = 0
    idle_ms: int = 0
    ended_ms: int = 0


class VirtualRoom:
    """See the module."""

    def __init__(self, rules: RoomRules, fastest: float = 1.0) -> None:
        """``fastest``: how much faster than usual is spoken while much waits, at most."""
        self._rules = rules
        self._fastest = fastest
        self._evening = Passed(RoomState())
        self._happenings: list[tuple[int, int, Callable[[int], None]]] = []
        self._numbers = count()
        self._free_ms = 0  # when the player has played all that it has
        self._asks_ms: int | None = None
        self._prepared_ms: dict[str, int] = {}
        self._preparing_until_ms = 0
        self._now_ms = 0

    def run(self, danmu: Iterable[tuple[int, Danmu]]) -> Iterator[int]:
        """Let an evening pass. Yields the time, milliseconds, after each batch; ``evening`` is then what came of it."""
        self._ask_at(0)
        for at_ms, batch in _batches(danmu):
            self._pass_until(at_ms)
            fates = admit(self._evening.state, self._rules, batch, at_ms, self._evening.changes)
            self._evening.fates += [(at_ms, fate) for fate in fates]
            self._note()
            player = self._evening.state.player
            if player and player.credit:
                self._ask(at_ms)
            yield at_ms
        while self._evening.state.waiting or self._evening.state.hands:
            self._pass_until(self._now_ms + speaking.HEARTBEAT_MS)
        self._evening.ended_ms = self._now_ms

    @property
    def evening(self) -> Passed:
        """So far."""
        return self._evening

    def _pass_until(self, at_ms: int) -> None:
        while self._happenings and self._happenings[0][0] <= at_ms:
            happens_ms, _, happen = heapq.heappop(self._happenings)
            self._go_to(happens_ms)
            happen(happens_ms)
            self._note()
        self._go_to(at_ms)

    def _go_to(self, at_ms: int) -> None:
        """Let the time pass, and look whether something waited that could have been heard."""
        waited_from = min((self._can_begin_ms(each) for each in self._evening.state.waiting), default=at_ms)
        begins_ms = max(self._now_ms, waited_from)
        if begins_ms < at_ms:
            self._evening.speakable_ms += at_ms - begins_ms
            self._evening.idle_ms += max(0, at_ms - max(begins_ms, self._free_ms))
        self._now_ms = at_ms

    def _can_begin_ms(self, utterance: RoomUtterance) -> int:
        return max(utterance.first_ms, utterance.settles_ms)

    def _note(self) -> None:
        self._evening.backlog.append((self._now_ms, self._evening.state.backlog_ms))

    def _at(self, at_ms: int, happen: Callable[[int], None]) -> None:
        heapq.heappush(self._happenings, (at_ms, next(self._numbers), happen))

    def _ask_at(self, at_ms: int) -> None:
        self._asks_ms = at_ms
        self._at(at_ms, lambda now_ms: self._ask(now_ms) if self._asks_ms == now_ms else None)

    def _ask(self, now_ms: int) -> None:
        """The player wants the next one."""
        state, changes = self._evening.state, self._evening.changes
        buffered_ms = max(0, self._free_ms - now_ms)
        speaking.attend(state, _PLAYER, "line", now_ms, credit=True, holds=(), changes=changes)
        backlog_ms = state.backlog_ms
        best = speaking.take(state, now_ms, buffered_ms, changes)
        if best is None:
            settles_ms = speaking.next_settling_ms(state, now_ms) or speaking.HEARTBEAT_MS
            self._ask_at(now_ms + min(settles_ms, speaking.HEARTBEAT_MS))
            return
        self._asks_ms = None
        pace = speaking.tempo_of(state, best, backlog_ms, self._fastest)
        duration_ms = round(best.predicted_ms / pace)
        made_ms = max(now_ms, self._prepared_ms.pop(best.id, now_ms + _making_ms(duration_ms)))
        self._at(made_ms, lambda at_ms: self._made(best, duration_ms, pace, at_ms))

    def _made(self, utterance: RoomUtterance, duration_ms: int, pace: float, now_ms: int) -> None:
        state, changes = self._evening.state, self._evening.changes
        begins_ms = max(now_ms, self._free_ms)
        wanted = speaking.sent(state, utterance.id, "line", utterance.voice, duration_ms, pace, now_ms)
        if not wanted or begins_ms > utterance.deadline_ms:
            speaking.give_up(state, utterance.id, Reason.EXPIRED, changes)
            self._ask(now_ms)
            return
        self._free_ms = begins_ms + duration_ms
        self._prepare(now_ms)
        self._at(begins_ms, lambda at_ms: speaking.began(state, utterance.id, at_ms, changes))
        self._at(self._free_ms, lambda at_ms: self._heard(utterance, begins_ms, at_ms))
        self._ask_at(max(begins_ms, self._free_ms - _LEAD_MS))

    def _prepare(self, now_ms: int) -> None:
        """One after another, until enough is there."""
        if now_ms < self._preparing_until_ms:
            return
        if prepared := speaking.prepare(self._evening.state, self._fastest, now_ms):
            self._preparing_until_ms = now_ms + _making_ms(prepared.predicted_ms)
            self._prepared_ms[prepared.id] = self._preparing_until_ms
            self._at(self._preparing_until_ms, self._prepare)

    def _heard(self, utterance: RoomUtterance, began_ms: int, now_ms: int) -> None:
        speaking.heard(self._evening.state, utterance.id, now_ms, self._evening.changes)
        lateness_ms = began_ms - self._can_begin_ms(utterance)
        self._evening.spoken.append(Spoken(utterance, began_ms, now_ms, lateness_ms, utterance.deadline_ms))


def _making_ms(duration_ms: int) -> int:
    return _MAKING_MS + round(_MAKING_SHARE * duration_ms)


def _batches(danmu: Iterable[tuple[int, Danmu]]) -> Iterator[tuple[int, list[Danmu]]]:
    """Those that come within one moment together, at its end."""
    batch: list[Danmu] = []
    ends_ms = 0
    for at_ms, each in danmu:
        if batch and at_ms > ends_ms:
            yield ends_ms, batch
            batch = []
        if not batch:
            ends_ms = at_ms + _BATCH_MS
        batch.append(each)
    if batch:
        yield ends_ms, batch
