"""A player pulls: the best of what waits is popped, made, sent, played; and what happens when the player is gone."""

from collections.abc import Callable, Collection, Sequence

from danmu_tts.domain.room.admission import Changes, end_heard, expire
from danmu_tts.domain.room.state import Hand, HandStatus, Player, Prepared, RoomState
from danmu_tts.domain.room.values import Rank, Reason, RoomUtterance, tag
from danmu_tts.domain.room.worth import by_worth, learn, tempo

# A player says that it lives at least every 1.2 s; with one that waits for its place, a new one speaks within 5 s.
LEASE_MS = 3_000
HEARTBEAT_MS = 1_200
# Whoever makes an utterance is dead, or it is of no use any more.
_MAKING_MS = 12_000
# So much longer than its audio an utterance may take to be heard, what is ahead of it included.
_HEARING_MS = 20_000
_AGAIN_MS = 60_000
_ARRIVES_MS = 4_000
# More would only be staler, or never heard: something of a higher rank may come.
MOST_PREPARED = 3


def attend(
    state: RoomState,
    player: str,
    connection: str,
    now_ms: int,
    *,
    credit: bool,
    holds: Collection[str] | None,
    changes: Changes,
) -> bool:
    """A player says that it is there, and whether it wants the next utterance. Returns whether it is the active one.

    Args:
        connection: over which it says so.
        holds: the utterances that it has, playing or to be played; None where it does not say.
    """
    expire(state, now_ms, changes)
    active = state.player
    if active and active.id != player and active.until_ms >= now_ms:
        return False
    if active is None or active.id != player:
        _leave(state, now_ms, changes)
        active = state.player = Player(player, connection, 0)
    elif holds is not None:
        _return_lost(state, connection, holds, now_ms, changes)
    active.connection = connection
    active.until_ms = now_ms + LEASE_MS
    active.credit = credit
    return True


def take(state: RoomState, now_ms: int, buffered_ms: int, changes: Changes) -> RoomUtterance | None:
    """Pop the best that can be begun in time, for the active player if it wants one; at most one is ahead of it.

    What was prepared goes before others of its rank: it is there.
    """
    expire(state, now_ms, changes)
    player = state.player
    is_ahead = any(hand.status is not HandStatus.PLAYING for hand in state.hands)
    if player is None or not player.credit or state.paused or is_ahead:
        return None
    good = _speakable(state, now_ms, now_ms + buffered_ms)
    if not good:
        return None
    best = next(iter(_prepared(state, good, good[0].rank)), good[0])
    state.waiting.remove(best)
    player.credit = False
    until_ms = now_ms + _MAKING_MS
    state.hands.append(Hand(best, player.id, player.connection, HandStatus.MAKING, until_ms, until_ms))
    state.speak_for(tag(best.viewer))
    return best


def tempo_of(state: RoomState, utterance: RoomUtterance, backlog_ms: int, fastest: float) -> float:
    """How much faster than usual to say it while so much waits; what was prepared is said as it was made."""
    prepared = next((each for each in state.prepared if each.id == utterance.id), None)
    return prepared.tempo if prepared else tempo(backlog_ms, fastest)


def prepare(
    state: RoomState,
    fastest: float,
    now_ms: int,
    ahead_ms: int = 0,
    may_be: Callable[[RoomUtterance], bool] = lambda _: True,
) -> RoomUtterance | None:
    """Choose what is worth making before it is asked for; None where enough is there, or something is asked for.

    What has got more danmu since it was prepared goes first: its words are other ones now.

    Args:
        ahead_ms: more than one is prepared until there is so much speech. It is said in the order in which it was
            chosen, so the more there is, the later comes what is fresh.
        may_be: whether one may be made that perhaps is never heard.
    """
    player = state.player
    is_making = any(hand.status is HandStatus.MAKING for hand in state.hands)
    if player is None or player.until_ms < now_ms or state.paused or is_making:
        return None
    good = _speakable(state, now_ms, now_ms)
    counts = {each.id: each.count for each in good}
    state.prepared = [each for each in state.prepared if each.id in counts]
    grown = next((each for each in state.prepared if each.count != counts[each.id]), None)
    if grown:
        grown.count = counts[grown.id]
        return next(each for each in good if each.id == grown.id)
    known = {each.id for each in state.prepared}
    best = next((each for each in good if each.id not in known and may_be(each)), None)
    if best is None or _is_enough(_prepared(state, good, best.rank), ahead_ms):
        return None
    state.prepared.append(Prepared(best.id, tempo(state.backlog_ms, fastest), best.count))
    return best


def _prepared(state: RoomState, good: Sequence[RoomUtterance], least: Rank) -> list[RoomUtterance]:
    """Of some, what was prepared and is of a rank or above it: the higher ones first, else as they were chosen."""
    by_id = {each.id: each for each in good if each.rank >= least}
    found = [by_id[each.id] for each in state.prepared if each.id in by_id]
    return sorted(found, key=lambda utterance: -utterance.rank)


def _is_enough(prepared: Sequence[RoomUtterance], ahead_ms: int) -> bool:
    if not prepared:
        return False
    return len(prepared) >= MOST_PREPARED or sum(each.predicted_ms for each in prepared) >= ahead_ms


def _speakable(state: RoomState, now_ms: int, begins_ms: int) -> list[RoomUtterance]:
    """What has settled, and can be begun then, the best first."""
    return [each for each in by_worth(state) if each.settles_ms <= now_ms and each.deadline_ms >= begins_ms]


def sent(
    state: RoomState, utterance_id: str, connection: str, voice: str, duration_ms: int, pace: float, now_ms: int
) -> bool:
    """It was made for whoever asked over a connection. Returns whether it is still wanted there.

    It may have been retracted, be too late, or be made anew for a player that came back over another connection.
    """
    hand = find_hand(state, utterance_id)
    if hand is None or hand.connection != connection or hand.utterance.deadline_ms < now_ms:
        return False
    hand.status, hand.sent_ms, hand.voice = HandStatus.SENT, now_ms, voice
    hand.until_ms = now_ms + duration_ms + _HEARING_MS
    hand.utterance.predicted_ms = duration_ms
    for name in {voice, hand.utterance.voice}:
        learn(state, name, hand.utterance.weight, duration_ms * pace)
    return True


def put_back(state: RoomState, utterance_id: str, connection: str, not_before_ms: int = 0) -> bool:
    """Nobody heard it, and somebody may yet. Returns whether it was in hand for that connection."""
    hand = find_hand(state, utterance_id)
    if hand is None or hand.connection != connection or hand.status is HandStatus.PLAYING:
        return False
    state.hands.remove(hand)
    hand.utterance.settles_ms = max(hand.utterance.settles_ms, not_before_ms)
    state.waiting.append(hand.utterance)
    return True


def began(state: RoomState, utterance_id: str, now_ms: int, changes: Changes) -> None:
    """It is heard from now on; what was heard before it is over."""
    hand = find_hand(state, utterance_id)
    if hand is None or hand.status is HandStatus.PLAYING:
        return
    for earlier in [each for each in state.hands if each.status is HandStatus.PLAYING]:
        state.hands.remove(earlier)
        end_heard(state, earlier, now_ms, changes)
    hand.status = HandStatus.PLAYING
    hand.lateness_ms = max(0, now_ms - max(hand.utterance.first_ms, hand.utterance.settles_ms))
    state.tally.late(hand.lateness_ms)


def heard(state: RoomState, utterance_id: str, now_ms: int, changes: Changes) -> None:
    """It was heard to its end."""
    hand = find_hand(state, utterance_id)
    if hand is None:
        return
    began(state, utterance_id, now_ms, changes)
    state.hands.remove(hand)
    end_heard(state, hand, now_ms, changes)


def give_up(
    state: RoomState, utterance_id: str, reason: Reason, changes: Changes, connection: str | None = None
) -> None:
    """It will not be heard, or not to its end. ``connection``: only where it is for that one."""
    hand = find_hand(state, utterance_id)
    if hand is None or connection not in (None, hand.connection):
        return
    state.hands.remove(hand)
    changes.drop(state, hand.utterance, reason)


def again(state: RoomState, spoken_id: str, new_id: str, now_ms: int) -> RoomUtterance | None:
    """Speak one of the last once more, before all others; None where it is not one of them."""
    found = next((each.utterance for each in state.recent if each.utterance.id == spoken_id), None)
    if found is None:
        return None
    utterance = RoomUtterance(
        id=new_id,
        kind=found.kind,
        rank=Rank.ASKED,
        key="",
        viewer=found.viewer,
        words=found.words,
        weight=found.weight,
        voice=found.voice,
        first_ms=now_ms,
        last_ms=now_ms,
        deadline_ms=now_ms + _AGAIN_MS,
        settles_ms=0,
        predicted_ms=found.predicted_ms,
        count=found.count,
        people=found.people,
        members=[(new_id, tag(found.viewer), found.count)],
    )
    state.waiting.append(utterance)
    state.tally.arrived += 1
    return utterance


def next_settling_ms(state: RoomState, now_ms: int) -> int | None:
    """How long until the next gift combo has settled; None where there is none."""
    settling = [each.settles_ms for each in state.waiting if each.settles_ms > now_ms]
    return min(settling) - now_ms if settling else None


def find_hand(state: RoomState, utterance_id: str) -> Hand | None:
    """What the player has of that id."""
    return next((hand for hand in state.hands if hand.utterance.id == utterance_id), None)


def _leave(state: RoomState, now_ms: int, changes: Changes) -> None:
    """The player is gone. What it was sent may have been heard, and nothing is spoken twice."""
    for hand in state.hands:
        match hand.status:
            case HandStatus.PLAYING:
                end_heard(state, hand, now_ms, changes)
            case HandStatus.SENT:
                changes.drop(state, hand.utterance, Reason.PLAYER_GONE)
            case HandStatus.MAKING:
                state.waiting.append(hand.utterance)
    state.hands = []


def _return_lost(state: RoomState, connection: str, holds: Collection[str], now_ms: int, changes: Changes) -> None:
    """What the player was sent and does not have was lost on the way, and can wait again unless it had been begun.

    It tells of what it begins before it says what it has. What was sent over this connection may be on its way.
    """
    for hand in list(state.hands):
        is_on_its_way = hand.connection == connection and now_ms < hand.sent_ms + _ARRIVES_MS
        if hand.utterance.id in holds or is_on_its_way:
            continue
        state.hands.remove(hand)
        if hand.status is HandStatus.PLAYING:
            end_heard(state, hand, now_ms, changes)
        else:
            state.waiting.append(hand.utterance)
