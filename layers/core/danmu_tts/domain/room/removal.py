"""Danmu are taken back, viewers are banned, the queue is cleared: what waits goes, what plays falls silent."""

from collections.abc import Callable, Collection
from dataclasses import replace

from danmu_tts.domain.room.admission import Changes
from danmu_tts.domain.room.state import HandStatus, RoomState, has_tag
from danmu_tts.domain.room.values import Reason, RoomUtterance, tag

_Test = Callable[[str, str], bool]


def retract(state: RoomState, ids: Collection[str], changes: Changes) -> int:
    """Take danmu back, also those that are still to come. Returns how many were there."""
    state.withdraw(each for each in map(tag, ids) if not has_tag(state.seen, each))
    wanted = set(ids)
    return _remove(state, lambda member_id, _: member_id in wanted, changes)


def ban(state: RoomState, viewers: Collection[str], changes: Changes) -> int:
    """Take back all of some viewers'. Returns how many there were."""
    banned = {tag(viewer) for viewer in viewers}
    return _remove(state, lambda _, who: who in banned, changes)


def withdraw(state: RoomState, utterance_id: str, changes: Changes) -> int:
    """Take all back that is one utterance. Returns how many danmu that were, as far as their ids are known."""
    hands = [hand.utterance for hand in state.hands]
    found = next((each for each in [*state.waiting, *hands] if each.id == utterance_id), None)
    return retract(state, [member[0] for member in found.members], changes) if found else 0


def clear(state: RoomState, changes: Changes) -> int:
    """Let go of all that waits. Returns how many there were."""
    cleared, state.waiting = state.waiting, []
    for each in cleared:
        changes.drop(state, each, Reason.CLEARED)
    return len(cleared)


def skip(state: RoomState, changes: Changes) -> bool:
    """Silence what plays now, or is next where nothing plays. Returns whether there was something."""
    playing = next((hand for hand in reversed(state.hands) if hand.status is HandStatus.PLAYING), None)
    hand = playing or next(iter(state.hands), None)
    if hand is None:
        return False
    state.hands.remove(hand)
    changes.drop(state, hand.utterance, Reason.SKIPPED)
    changes.retracted.append(hand.utterance.id)
    return True


def _remove(state: RoomState, is_gone: _Test, changes: Changes) -> int:
    removed = 0
    for utterance in list(state.waiting):
        count, is_over = _thin_out(utterance, is_gone, changes)
        _account(state, count, is_over=is_over)
        removed += count
        if is_over:
            state.waiting.remove(utterance)
            changes.retracted.append(utterance.id)
        elif count:
            changes.merged.append(utterance)
    for hand in list(state.hands):
        leads = _is_led(hand.utterance, is_gone)
        count, is_over = _thin_out(hand.utterance, is_gone, changes)
        is_over = is_over or leads  # its words and its name are what the player has
        _account(state, count, is_over=is_over)
        removed += count
        if is_over:
            state.hands.remove(hand)
            changes.retracted.append(hand.utterance.id)
    state.recent = [each for each in state.recent if not _is_led(each.utterance, is_gone)]
    return removed


def _thin_out(utterance: RoomUtterance, is_gone: _Test, changes: Changes) -> tuple[int, bool]:
    """Take members out. Returns how many, and whether nobody is left: others may have said what the first one said."""
    left = [each for each in utterance.members if not is_gone(each[0], each[1])]
    removed = len(utterance.members) - len(left)
    if not removed:
        return 0, False
    changes.taken_back += [(each[0], utterance) for each in utterance.members if is_gone(*each[:2])]
    if _is_led(utterance, is_gone):
        utterance.viewer = ""
        utterance.words = replace(utterance.words, name="", reply_to="")
    utterance.count -= sum(each[2] for each in utterance.members) - sum(each[2] for each in left)
    utterance.people -= len({each[1] for each in utterance.members} - {each[1] for each in left})
    utterance.members = left
    return removed, not left


def _is_led(utterance: RoomUtterance, is_gone: _Test) -> bool:
    return bool(utterance.members) and is_gone(*utterance.members[0][:2])


def _account(state: RoomState, count: int, *, is_over: bool) -> None:
    """One of an utterance's danmu is the utterance; the others were counted as merged into it."""
    if count:
        state.tally.retracted += count
        state.tally.merged -= count - 1 if is_over else count
