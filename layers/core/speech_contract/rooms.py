"""A live room: how it is to be read, how it stands, and what became of what was sent."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from speech_contract.events import EventKind, ViewerId
from speech_contract.fields import Ratio, VoiceName

_Word = Annotated[str, Field(min_length=1, max_length=60)]
_Template = Annotated[
    str, Field(max_length=300, description="With `{name}`, `{text}`, `{gift}`, `{count}`, `{people}`, `{amount}`.")
]
_DeadlineMs = Annotated[int, Field(strict=True, ge=1000, le=3_600_000)]


class Audience(StrEnum):
    """Whose plain danmu are spoken. What was paid for always is."""

    EVERYONE = "everyone"
    MEDAL = "medal"
    """Who wears this room's medal, of level ``medal_from`` or more."""
    GUARD = "guard"
    PAID = "paid"
    """Nobody's: only what was paid for."""


class Deadlines(BaseModel):
    """Milliseconds after which each has lost its worth."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    danmu: _DeadlineMs = 15_000
    gift: _DeadlineMs = 60_000
    superchat: _DeadlineMs = 600_000
    guard: _DeadlineMs = 600_000
    follow: _DeadlineMs = 15_000


class RoomSettings(BaseModel):
    """How a room is read. What is left out is as it is by default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Annotated[
        str,
        Field(pattern=r"^[a-z]{2,3}$", description="Of thanks and counts: zh, en, ja; else English."),
    ] = "zh"
    kinds: Annotated[list[EventKind], Field(max_length=5, description="What is spoken.")] = [
        EventKind.DANMU,
        EventKind.GIFT,
        EventKind.SUPERCHAT,
        EventKind.GUARD,
    ]
    audience: Audience = Audience.EVERYONE
    medal_from: Annotated[int, Field(strict=True, ge=1, le=1000)] = 1
    every_nth: Annotated[int, Field(strict=True, ge=1, le=1000, description="Of plain danmu; 1: all.")] = 1
    blocked_viewers: Annotated[list[ViewerId], Field(max_length=1000)] = []
    blocked_words: Annotated[list[_Word], Field(max_length=500)] = []
    deadlines_ms: Deadlines = Deadlines()
    merge_window_ms: Annotated[
        int, Field(strict=True, ge=0, le=60_000, description="So long equal danmu count as one; 0: never.")
    ] = 10_000
    waiting_ms: Annotated[
        int, Field(strict=True, ge=1000, le=600_000, description="Predicted speaking time of what may wait unpaid.")
    ] = 30_000
    longest_ms: Annotated[
        int, Field(strict=True, ge=1000, le=120_000, description="An unpaid danmu that takes longer is not spoken.")
    ] = 15_000
    per_viewer: Annotated[int, Field(strict=True, ge=1, le=100, description="A viewer's unpaid danmu that wait.")] = 3
    voices: Annotated[
        list[VoiceName],
        Field(max_length=50, description="Each viewer has one of these for good; else the language's."),
    ] = []
    viewer_voices: Annotated[dict[ViewerId, VoiceName], Field(max_length=1000)] = {}
    nicknames: Annotated[
        dict[_Word, _Word], Field(max_length=1000, description="Viewer ids or names to how these are read.")
    ] = {}
    names: Annotated[bool, Field(strict=True, description="Say whose danmu it is.")] = False
    templates: Annotated[
        dict[EventKind, _Template],
        Field(description="Instead of the language's own wording."),
    ] = {}
    speed: Annotated[Ratio, Field(ge=0.5, le=2)] = 1.0
    fastest: Annotated[Ratio, Field(ge=1, le=2, description="Speed up so much, at most, while much waits.")] = 1.3
    volume: Annotated[Ratio, Field(ge=0, le=2)] = 1.0
    monthly_usd: Annotated[
        Ratio | None, Field(ge=0, le=1e6, description="For paid voices in a calendar month; then a free one speaks.")
    ] = None


class Outcome(BaseModel):
    """What became of one event: it waits, it was merged into one that does, or it was dropped."""

    id: str
    outcome: Literal["queued", "merged", "dropped"]
    into: Annotated[str | None, Field(description="The utterance that it was merged into.")] = None
    count: Annotated[int | None, Field(description="How many danmu, or gifts, are one utterance now.")] = None
    reason: Annotated[str | None, Field(description="Why it was dropped.")] = None


class ShownUtterance(BaseModel):
    """What is spoken for one or more danmu."""

    id: str
    kind: EventKind
    rank: Annotated[
        str, Field(description="asked, superchat, guard, gift, medal, plain: what is worth more goes first.")
    ]
    viewer: str
    name: str
    text: Annotated[str, Field(description="As it was written; what is hidden, as asterisks.")]
    gift: str
    amount: float
    currency: str
    count: Annotated[int, Field(description="How many danmu, gifts or months.")]
    people: Annotated[int, Field(description="How many viewers are in it.")]


class WaitingUtterance(ShownUtterance):
    """One that waits to be spoken."""

    predicted_ms: int
    expires_at: Annotated[int, Field(description="Unix milliseconds.")]
    settles_at: Annotated[int, Field(description="Unix milliseconds; a gift combo goes on until then.")] = 0


class SpokenUtterance(ShownUtterance):
    """One that a player has, or had."""

    status: Literal["making", "sent", "playing", "spoken"]
    duration_ms: Annotated[int, Field(description="Of its sound; predicted before it is made.")]
    began_at: Annotated[int | None, Field(description="Unix milliseconds; null before that.")] = None
    lateness_ms: Annotated[
        int | None, Field(description="From its arrival, or the end of a combo, to its sound; null before that.")
    ] = None


class RoomCounts(BaseModel):
    """What became of all events so far."""

    arrived: int = 0
    spoken: int = 0
    merged: int = 0
    retracted: int = 0
    dropped: Annotated[dict[str, int], Field(description="Reason to how many.")] = {}
    spoken_ms: int = 0
    lateness_ms: Annotated[
        list[int], Field(description="Of the last utterances, from arrival to the beginning of their sound.")
    ] = []


class RoomState(BaseModel):
    """How a room stands."""

    room: str
    paused: bool
    has_player: bool
    listeners: int
    backlog_ms: Annotated[int, Field(description="Predicted speaking time of what waits.")]
    waiting_count: int
    waiting: Annotated[list[WaitingUtterance], Field(description="The next first; no more than 60.")]
    in_hand: Annotated[list[SpokenUtterance], Field(description="What the player has: being made, sent, playing.")]
    recent: Annotated[list[SpokenUtterance], Field(description="What was spoken last, the latest first.")]
    counts: RoomCounts
    spent_usd: Annotated[float | None, Field(description="By paid voices this month; null: not known now.")]
    settings: Annotated[RoomSettings | None, Field(description="Null where they are as they were told last.")]
    now: Annotated[int, Field(description="The room's clock, Unix milliseconds.")]
