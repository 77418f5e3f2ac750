"""A room, and what it says, as they are shown to those who hear or watch it."""

from dataclasses import asdict
from typing import Any

from danmu_tts.domain.room import speaking
from danmu_tts.domain.room.state import Hand, HandStatus, Recent
from danmu_tts.domain.room.values import RoomUtterance
from danmu_tts.domain.room.worth import by_worth
from danmu_tts.domain.speech import Speech
from danmu_tts.ports import Room
from danmu_tts.services.rooms.captions import own_captions
from danmu_tts.services.rooms.making import Chosen
from speech_contract.events import EventKind
from speech_contract.room_frames import UtteranceFrame
from speech_contract.rooms import RoomCounts, RoomState, SpokenUtterance, WaitingUtterance
from speech_contract.speech import CaptionAnswer

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


def utterance_frame(opened: Room, taken: Chosen, speech: Speech) -> UtteranceFrame:
    """What was made, without its sound, for all who listen."""
    saying = taken.saying
    hand = speaking.find_hand(opened.state, taken.utterance.id)
    current = hand.utterance if hand else taken.utterance  # more of the same may have come while it was made
    words = current.words
    return UtteranceFrame(
        room=opened.name,
        id=current.id,
        kind=EventKind(current.kind.value),
        rank=current.rank.name.lower(),
        viewer=current.viewer,
        name=words.name,
        original=words.shown,
        spoken=f"{saying.text[: saying.start]}{words.shown if saying.end else ''}{saying.text[saying.end :]}",
        count=current.count,
        people=current.people,
        gift=words.gift,
        amount=words.amount,
        currency=words.currency,
        emotes=dict(words.emotes),
        picture=words.picture,
        reply_to=words.reply_to,
        voice=speech.encoded.voice,
        captions=[CaptionAnswer(**asdict(caption)) for caption in own_captions(speech.captions, saying)],
        duration_ms=speech.encoded.duration_ms,
        audio=None,
        expires_at=current.deadline_ms,
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
