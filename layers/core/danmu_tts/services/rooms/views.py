"""A room as it is shown to those who watch it."""

from typing import Any

from danmu_tts.domain.room.state import Hand, HandStatus, Recent
from danmu_tts.domain.room.values import RoomUtterance
from danmu_tts.domain.room.worth import by_worth
from danmu_tts.ports import Room
from speech_contract.events import EventKind
from speech_contract.rooms import RoomCounts, RoomState, SpokenUtterance, WaitingUtterance

# A message has at most 128 KB.
_MOST_SHOWN, _SHOWN_CHARS = 60, 200
_STATUS = {HandStatus.MAKING: "making", HandStatus.SENT: "sent", HandStatus.PLAYING: "playing"}


def room_state(room: Room, listeners: int, spent_usd: float | None) -> RoomState:
    """How it stands now. Long texts are cut, and what is hidden of them is hidden here too."""
    state, tally = room.state, room.state.tally
    return RoomState(
        room=room.name,
        paused=state.paused,
        has_player=state.player is not None and state.player.until_ms >= room.now_ms,
        listeners=listeners,
        backlog_ms=state.backlog_ms,
        waiting_count=len(state.waiting),
        waiting=[_waiting(each) for each in by_worth(state)[:_MOST_SHOWN]],
        in_hand=[_spoken(hand, _STATUS[hand.status]) for hand in state.hands],
        recent=[_spoken(each, "spoken") for each in reversed(state.recent)],
        counts=RoomCounts(
            arrived=tally.arrived,
            spoken=tally.spoken,
            merged=tally.merged,
            retracted=tally.retracted,
            dropped=tally.dropped,
            spoken_ms=tally.spoken_ms,
            lateness_ms=tally.lateness_ms,
        ),
        spent_usd=spent_usd,
        settings=room.settings,
        now=room.now_ms,
    )


def _waiting(utterance: RoomUtterance) -> WaitingUtterance:
    return WaitingUtterance(
        **_shown(utterance),
        predicted_ms=utterance.predicted_ms,
        expires_at=utterance.deadline_ms,
        settles_at=utterance.settles_ms,
    )


def _spoken(of: Hand | Recent, status: str) -> SpokenUtterance:
    utterance, began_at = of.utterance, None
    if of.lateness_ms is not None:
        began_at = max(utterance.first_ms, utterance.settles_ms) + of.lateness_ms
    return SpokenUtterance.model_validate(
        {
            **_shown(utterance),
            "status": status,
            "duration_ms": utterance.predicted_ms,
            "began_at": began_at,
            "lateness_ms": of.lateness_ms,
        }
    )


def _shown(utterance: RoomUtterance) -> dict[str, Any]:
    words = utterance.words
    return {
        "id": utterance.id,
        "kind": EventKind(utterance.kind.value),
        "rank": utterance.rank.name.lower(),
        "viewer": utterance.viewer,
        "name": words.name,
        "text": words.shown[:_SHOWN_CHARS],
        "gift": words.gift,
        "amount": words.amount,
        "currency": words.currency,
        "count": utterance.count,
        "people": utterance.people,
    }
