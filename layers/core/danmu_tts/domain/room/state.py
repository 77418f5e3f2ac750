"""How a room stands, as a value, and as the JSON that a store keeps."""

import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from enum import StrEnum
from typing import Any

from danmu_tts.domain.room.values import TAG_CHARS, Kind, Rank, Reason, RoomUtterance, Words

# To be raised with every change of what is kept: who reads another version begins anew.
_VERSION = 4
_MOST_SEEN, _MOST_GONE, _MOST_SPEAKERS, _MOST_RECENT, _MOST_LATENESS = 4096, 1024, 256, 20, 60


class HandStatus(StrEnum):
    """How far an utterance is that was popped."""

    MAKING = "making"
    SENT = "sent"
    PLAYING = "playing"


@dataclass(slots=True)
class Hand:
    """An utterance that was given to the player. Times are milliseconds of the room's clock.

    Attributes:
        player: who it is for.
        connection: over which it was asked for.
        until_ms: when it is over by itself, if nothing is heard of it.
        sent_ms: when it was sent; before that, when it will be at the latest.
        lateness_ms: from when it could have been spoken to its sound; None before that.
        voice: who says it; empty until it is made.
    """

    utterance: RoomUtterance
    player: str
    connection: str
    status: HandStatus
    until_ms: int
    sent_ms: int
    lateness_ms: int | None = None
    voice: str = ""


@dataclass(slots=True)
class Player:
    """The active player.

    Attributes:
        until_ms: when another one may take its place, if it says nothing until then.
        credit: it wants the next utterance.
    """

    id: str
    connection: str
    until_ms: int
    credit: bool = False


@dataclass(slots=True)
class Recent:
    """What was spoken. ``at_ms``: when it was over; ``lateness_ms``: see ``Hand``."""

    utterance: RoomUtterance
    at_ms: int
    lateness_ms: int | None = None


@dataclass(slots=True)
class Prepared:
    """What is made, or was, before it is asked for.

    Attributes:
        tempo: how much faster than usual.
        count: the danmu that it stood for then; of more, something else is said.
    """

    id: str
    tempo: float
    count: int


@dataclass(slots=True)
class Tally:
    """What became of all danmu so far: each is in exactly one of these, or waits, or is in hand."""

    arrived: int = 0
    spoken: int = 0
    merged: int = 0
    retracted: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    spoken_ms: int = 0
    lateness_ms: list[int] = field(default_factory=list)
    free: int = 0
    """Plain danmu that passed the audience's filter, for sampling."""

    def drop(self, reason: Reason) -> None:
        """One more for that reason."""
        self.dropped[reason.value] = self.dropped.get(reason.value, 0) + 1

    def late(self, lateness_ms: int) -> None:
        """Of one more utterance."""
        self.lateness_ms = [*self.lateness_ms[1 - _MOST_LATENESS :], lateness_ms]


@dataclass(slots=True)
class RoomState:
    """All that is known of a room.

    Attributes:
        waiting: in no order.
        hands: what the player has, the older first.
        recent: what was spoken last, the older first.
        seen: tags of the last danmu, one after another.
        gone: tags of what was taken back before it came, or after.
        prepared: of what waits, in the order in which it was chosen to be.
        speakers: tags of the viewers who were spoken for last, the latest last.
        paces: voice to the milliseconds that it takes for a syllable.
        watched_ms: until when somebody watches it, as far as is known.
        told_ms: when those were last told how it stands.
    """

    waiting: list[RoomUtterance] = field(default_factory=list)
    hands: list[Hand] = field(default_factory=list)
    recent: list[Recent] = field(default_factory=list)
    player: Player | None = None
    paused: bool = False
    seen: str = ""
    gone: str = ""
    prepared: list[Prepared] = field(default_factory=list)
    speakers: str = ""
    paces: dict[str, float] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    watched_ms: int = 0
    told_ms: int = 0

    def see(self, tags: Iterable[str]) -> None:
        """Remember that these came."""
        self.seen = (self.seen + "".join(tags))[-_MOST_SEEN * TAG_CHARS :]

    def withdraw(self, tags: Iterable[str]) -> None:
        """Remember that these were taken back."""
        self.gone = (self.gone + "".join(tags))[-_MOST_GONE * TAG_CHARS :]

    def speak_for(self, viewer_tag: str) -> None:
        """The latest to have been spoken for."""
        others = [each for each in split_tags(self.speakers) if each != viewer_tag]
        self.speakers = "".join([*others, viewer_tag])[-_MOST_SPEAKERS * TAG_CHARS :]

    def remember(self, hand: Hand, at_ms: int) -> None:
        """It was spoken."""
        self.recent = [*self.recent[1 - _MOST_RECENT :], Recent(hand.utterance, at_ms, hand.lateness_ms)]

    @property
    def backlog_ms(self) -> int:
        """Predicted speaking time of what waits."""
        return sum(each.predicted_ms for each in self.waiting)


def has_tag(tags: str, wanted: str) -> bool:
    """Whether it is one of them; quicker than to take them apart."""
    at = tags.find(wanted)
    while at >= 0 and at % TAG_CHARS:
        at = tags.find(wanted, at + 1)
    return at >= 0


def split_tags(tags: str) -> list[str]:
    """One after another."""
    return [tags[start : start + TAG_CHARS] for start in range(0, len(tags), TAG_CHARS)]


def encode(state: RoomState) -> bytes:
    """As JSON."""
    text = json.dumps(
        [
            _VERSION,
            [_written(each) for each in state.waiting],
            [_hand_written(each) for each in state.hands],
            [[_written(each.utterance), each.at_ms, each.lateness_ms] for each in state.recent],
            state.player and astuple(state.player),
            state.paused,
            state.seen,
            state.gone,
            [astuple(each) for each in state.prepared],
            state.speakers,
            state.paces,
            astuple(state.tally),
            state.watched_ms,
            state.told_ms,
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return text.encode("utf-8", "surrogatepass")  # a viewer's words may have halves of characters


def decode(text: bytes | None) -> RoomState:
    """What ``encode`` wrote; an empty room for nothing, and for what another version wrote."""
    fields: list[Any] = json.loads(text) if text else [0]
    if fields[0] != _VERSION:
        return RoomState()
    _, waiting, hands, recent, player, paused, *tags, paces, tally, watched_ms, told_ms = fields
    seen, gone, prepared, speakers = tags
    return RoomState(
        waiting=[_read(each) for each in waiting],
        hands=[Hand(_read(each), of, over, HandStatus(status), *rest) for each, of, over, status, *rest in hands],
        recent=[Recent(_read(each), *rest) for each, *rest in recent],
        player=Player(*player) if player else None,
        paused=paused,
        seen=seen,
        gone=gone,
        prepared=[Prepared(*each) for each in prepared],
        speakers=speakers,
        paces=paces,
        tally=Tally(*tally),
        watched_ms=watched_ms,
        told_ms=told_ms,
    )


def _written(utterance: RoomUtterance) -> list[Any]:
    words = utterance.words
    return [
        utterance.id,
        utterance.kind,
        utterance.rank,
        utterance.key,
        utterance.viewer,
        [
            words.name,
            words.text,
            words.hidden,
            words.language,
            words.gift,
            words.amount,
            words.currency,
            words.emotes,
            words.picture,
            words.reply_to,
        ],
        utterance.weight,
        utterance.voice,
        utterance.first_ms,
        utterance.last_ms,
        utterance.deadline_ms,
        utterance.settles_ms,
        utterance.predicted_ms,
        utterance.count,
        utterance.people,
        utterance.members,
    ]


_KINDS = {kind.value: kind for kind in Kind}
_RANKS = {rank.value: rank for rank in Rank}


def _hand_written(hand: Hand) -> list[Any]:
    times = [hand.until_ms, hand.sent_ms, hand.lateness_ms]
    return [_written(hand.utterance), hand.player, hand.connection, hand.status, *times, hand.voice]


def _read(fields: list[Any]) -> RoomUtterance:
    name, kind, rank, key, viewer, words, *rest = fields
    rest[-1] = [tuple(member) for member in rest[-1]]
    return RoomUtterance(name, _KINDS[kind], _RANKS[rank], key, viewer, Words(*words), *rest)
