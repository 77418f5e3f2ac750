"""Danmu come in: each waits, is merged into one that says the same, or is dropped with a reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from danmu_tts.domain.room.state import Hand, HandStatus, RoomState, has_tag
from danmu_tts.domain.room.values import (
    MOST_MEMBERS,
    Audience,
    Danmu,
    Fate,
    Kind,
    Rank,
    Reason,
    RoomRules,
    RoomUtterance,
    tag,
)
from danmu_tts.domain.room.worth import by_worth, predicted_ms

# What was paid for may wait longer than what was not; more than its deadline would be too late for all of it.
_PAID_WAITING_MS = 600_000
# A combo that never ends is spoken all the same.
_LONGEST_SETTLING_MS = 20_000
# A platform's clock may differ from ours by so much, and what it sent just now must not look old.
_CLOCKS_DIFFER_MS = 60_000


@dataclass
class Changes:
    """What a step did, for those who watch the room.

    Attributes:
        merged: the utterances that stand for more danmu now.
        dropped: the danmu that will not be spoken, by reason.
        let_go: those that were dropped, by id.
        retracted: the utterances that are gone; a player that has one shall be silent about it.
        taken_back: ids of danmu that were taken back, and the utterances that stood for them.
        spoken: what was heard and is over.
    """

    merged: list[RoomUtterance] = field(default_factory=list)
    dropped: dict[Reason, list[str]] = field(default_factory=dict)
    let_go: dict[str, Danmu | RoomUtterance] = field(default_factory=dict)
    retracted: list[str] = field(default_factory=list)
    taken_back: list[tuple[str, RoomUtterance]] = field(default_factory=list)
    spoken: list[Hand] = field(default_factory=list)

    def drop(self, state: RoomState, what: Danmu | RoomUtterance, reason: Reason) -> None:
        """Count one, and tell it."""
        state.tally.drop(reason)
        self.dropped.setdefault(reason, []).append(what.id)
        self.let_go[what.id] = what


def admit(state: RoomState, rules: RoomRules, danmu: Sequence[Danmu], now_ms: int, changes: Changes) -> list[Fate]:
    """Take in a batch and tell what became of each, in order."""
    expire(state, now_ms, changes)
    batch = _Batch(state, rules, now_ms, changes)
    fates = [batch.admit(each) for each in danmu]
    state.see(batch.new_tags)
    lost = {each.id: Reason.QUEUE_FULL for each in _bound(state, rules, changes)} | batch.displaced
    return [_final(fate, lost) for fate in fates]


def expire(state: RoomState, now_ms: int, changes: Changes) -> None:
    """Drop what is too late, and give up on what the player was never heard of again."""
    late = [each for each in state.waiting if each.deadline_ms < now_ms]
    if late:
        state.waiting = [each for each in state.waiting if each.deadline_ms >= now_ms]
    for each in late:
        changes.drop(state, each, Reason.EXPIRED)
    for hand in [each for each in state.hands if each.until_ms < now_ms]:
        state.hands.remove(hand)
        match hand.status:
            case HandStatus.PLAYING:
                end_heard(state, hand, now_ms, changes)
            case HandStatus.MAKING:  # whoever made it is dead
                state.waiting.append(hand.utterance)
            case HandStatus.SENT:
                changes.drop(state, hand.utterance, Reason.FAILED)


def end_heard(state: RoomState, hand: Hand, now_ms: int, changes: Changes) -> None:
    """Count one that was in hand and is over: it was heard."""
    changes.spoken.append(hand)
    state.tally.spoken += 1
    state.tally.spoken_ms += hand.utterance.predicted_ms
    state.remember(hand, now_ms)


def _final(fate: Fate, lost: dict[str, Reason]) -> Fate:
    """What waited when it came may have had to go for what came after it."""
    if fate.into is None or fate.merged or fate.into not in lost:
        return fate
    return Fate(fate.id, reason=lost[fate.into])


def _bound(state: RoomState, rules: RoomRules, changes: Changes) -> list[RoomUtterance]:
    """Let the least valuable go, until what waits can be spoken in the time that it may wait."""
    if state.backlog_ms <= rules.waiting_ms:
        return []
    kept, over, ahead_ms = [], [], 0
    for each in by_worth(state):
        most_ms = _PAID_WAITING_MS if each.rank.is_paid else rules.waiting_ms
        if ahead_ms and ahead_ms + each.predicted_ms > most_ms:
            over.append(each)
        else:
            kept.append(each)
            ahead_ms += each.predicted_ms
    state.waiting = kept
    for each in over:
        changes.drop(state, each, Reason.QUEUE_FULL)
    return over


def _who(danmu: Danmu) -> str:
    """Where nobody is known, each is somebody else's."""
    return tag(danmu.viewer or danmu.id)


class _Batch:
    """Danmu that come together."""

    def __init__(self, state: RoomState, rules: RoomRules, now_ms: int, changes: Changes) -> None:
        self._state = state
        self._rules = rules
        self._now_ms = now_ms
        self._changes = changes
        there = [*state.waiting, *(hand.utterance for hand in state.hands), *(each.utterance for each in state.recent)]
        self._there = {member[0] for each in there for member in each.members}
        self._by_key = {each.key: each for each in self._mergeable() if each.key}
        self.new_tags: list[str] = []
        self.displaced: dict[str, Reason] = {}

    def admit(self, danmu: Danmu) -> Fate:
        """Take in one."""
        state = self._state
        id_tag = tag(danmu.id)
        if danmu.id in self._there or id_tag in self.new_tags or has_tag(state.seen, id_tag):
            return Fate(danmu.id, reason=Reason.DUPLICATE)  # and it counts once
        self.new_tags.append(id_tag)
        state.tally.arrived += 1
        reason = Reason.RETRACTED if has_tag(state.gone, id_tag) else self._refusal(danmu)
        if reason:
            self._count_refused(danmu, reason)
            return Fate(danmu.id, reason=reason)
        same = self._by_key.get(danmu.key) if danmu.key else None
        if same and self._joins(danmu, same):
            return self._merge(danmu, same)
        self._make_room_for(danmu)
        utterance = self._utterance(danmu)
        state.waiting.append(utterance)
        if danmu.key:
            self._by_key[danmu.key] = utterance
        return Fate(danmu.id, utterance.id, count=utterance.count)

    def _mergeable(self) -> Iterator[RoomUtterance]:
        """The later win. What is spoken already takes in words, but no gifts: those want thanks."""
        since_ms = self._now_ms - self._rules.merge_window_ms
        for recent in self._state.recent:
            if recent.utterance.kind is Kind.DANMU and recent.at_ms > since_ms:
                yield recent.utterance
        for hand in self._state.hands:
            if hand.utterance.kind is Kind.DANMU:
                yield hand.utterance
        yield from self._state.waiting

    def _count_refused(self, danmu: Danmu, reason: Reason) -> None:
        if reason is Reason.RETRACTED:
            self._state.tally.retracted += 1
        else:
            self._changes.drop(self._state, danmu, reason)

    def _refusal(self, danmu: Danmu) -> Reason | None:
        """Why it will not even wait; None where it may."""
        rules = self._rules
        if danmu.refused:
            return danmu.refused
        if danmu.kind not in rules.kinds:
            return Reason.KIND_OFF
        if danmu.viewer in rules.blocked_viewers:
            return Reason.BLOCKED_VIEWER
        if danmu.sent_at_ms is not None:
            lasts_ms = rules.deadlines_ms[danmu.kind] + _CLOCKS_DIFFER_MS
            if danmu.sent_at_ms + lasts_ms < self._now_ms:
                return Reason.EXPIRED
        if danmu.kind in (Kind.DANMU, Kind.GIFT) and not danmu.paid and not self._is_heard(danmu):
            return Reason.AUDIENCE
        if not danmu.rank.is_paid and self._predicted_ms(danmu) > rules.longest_ms:
            return Reason.TOO_LONG
        if danmu.rank is Rank.PLAIN and danmu.kind is Kind.DANMU:
            self._state.tally.free += 1
            if (self._state.tally.free - 1) % rules.every_nth:
                return Reason.SAMPLED
        return None

    def _predicted_ms(self, danmu: Danmu) -> int:
        return predicted_ms(self._state, danmu.voice, danmu.weight, self._rules.speed)

    def _is_heard(self, danmu: Danmu) -> bool:
        match self._rules.audience:
            case Audience.EVERYONE:
                return True
            case Audience.MEDAL:
                return danmu.medal >= self._rules.medal_from or danmu.guard > 0
            case Audience.GUARD:
                return danmu.guard > 0
            case Audience.PAID:
                return False

    def _joins(self, danmu: Danmu, same: RoomUtterance) -> bool:
        """Whether it came while the other still takes more in."""
        if danmu.settle_ms or danmu.kind is not Kind.DANMU:
            return True
        return self._now_ms - same.first_ms < self._rules.merge_window_ms

    def _merge(self, danmu: Danmu, into: RoomUtterance) -> Fate:
        self._state.tally.merged += 1
        who = _who(danmu)
        if not any(member[1] == who for member in into.members):
            into.people += 1
        into.count += danmu.count
        if len(into.members) < MOST_MEMBERS:
            into.members.append((danmu.id, who, danmu.count))
        into.last_ms = self._now_ms
        into.rank = max(into.rank, danmu.rank)
        if danmu.settle_ms:
            into.settles_ms = min(self._now_ms + danmu.settle_ms, into.first_ms + _LONGEST_SETTLING_MS)
            into.deadline_ms = into.settles_ms + self._rules.deadlines_ms[into.kind]
        if danmu.words.amount:
            into.words = replace(into.words, amount=round(into.words.amount + danmu.words.amount, 2))
        if into not in self._changes.merged:
            self._changes.merged.append(into)
        return Fate(danmu.id, into.id, merged=True, count=into.count)

    def _make_room_for(self, danmu: Danmu) -> None:
        """A viewer's own newer danmu takes the oldest one's place."""
        if danmu.rank.is_paid or not danmu.viewer:
            return
        own = [
            each
            for each in self._state.waiting
            if each.viewer == danmu.viewer and each.people == 1 and not each.rank.is_paid
        ]
        if len(own) < self._rules.per_viewer:
            return
        oldest = min(own, key=lambda each: each.first_ms)
        self._state.waiting.remove(oldest)
        if self._by_key.get(oldest.key) is oldest:
            del self._by_key[oldest.key]
        self._changes.drop(self._state, oldest, Reason.VIEWER_LIMIT)
        self.displaced[oldest.id] = Reason.VIEWER_LIMIT

    def _utterance(self, danmu: Danmu) -> RoomUtterance:
        now_ms = self._now_ms
        settles_ms = now_ms + min(danmu.settle_ms, _LONGEST_SETTLING_MS) if danmu.settle_ms else 0
        return RoomUtterance(
            id=danmu.id,
            kind=danmu.kind,
            rank=danmu.rank,
            key=danmu.key,
            viewer=danmu.viewer,
            words=danmu.words,
            weight=danmu.weight,
            voice=danmu.voice,
            first_ms=now_ms,
            last_ms=now_ms,
            deadline_ms=max(now_ms, settles_ms) + self._rules.deadlines_ms[danmu.kind],
            settles_ms=settles_ms,
            predicted_ms=self._predicted_ms(danmu),
            count=danmu.count,
            people=1,
            members=[(danmu.id, _who(danmu), danmu.count)],
        )
