"""The WebSocket's messages of a live room.

A player says ``listen``, then ``ready`` whenever it needs the next utterance, and at least every second and a half, to
be known to live. Speech is made for a player that is ready, and only then. All listeners of the room are sent the same
``utterance``; the one player that is active plays it and says what became of it by ``played``.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from speech_contract.events import Event, EventId, EventKind, ViewerId
from speech_contract.fields import RoomName, VoiceName
from speech_contract.frame_parts import SentByClient, SentByServer
from speech_contract.rooms import Outcome, RoomSettings, RoomState
from speech_contract.speech import CaptionAnswer

MOST_EVENTS = 200


class Danmu(SentByClient):
    """What happened in a room's chat. Answered by ``admitted``."""

    action: Literal["danmu"] = "danmu"
    room: RoomName
    events: Annotated[tuple[Event, ...], Field(min_length=1, max_length=MOST_EVENTS)]


class Retract(SentByClient):
    """Take events back: out of the queue, or silenced."""

    action: Literal["retract"] = "retract"
    room: RoomName
    ids: Annotated[tuple[EventId, ...], Field(min_length=1, max_length=MOST_EVENTS)]


class ListenRole(StrEnum):
    """What a connection is to a room."""

    PLAYER = "player"
    """Plays what is spoken. One is active; the others wait for it to leave."""
    MONITOR = "monitor"
    """Only watches; is told how the room stands."""


class Listen(SentByClient):
    """Hear a room. May be said again at any time; a monitor is then told anew how the room stands."""

    action: Literal["listen"] = "listen"
    room: RoomName
    role: ListenRole = ListenRole.PLAYER


class Ready(SentByClient):
    """A player is there; with a credit it is given the next utterance as soon as there is one."""

    action: Literal["ready"] = "ready"
    room: RoomName
    buffered_ms: Annotated[int, Field(strict=True, ge=0, le=600_000, description="Audio that it has yet to play.")] = 0
    credits: Annotated[int, Field(strict=True, ge=0, le=1, description="0: it only says that it is there.")] = 1
    holds: Annotated[
        tuple[EventId, ...] | None,
        Field(
            max_length=8,
            description="What it has, playing or next; what is missing is sent again.",
        ),
    ] = None


class PlayedOutcome(StrEnum):
    """What became of an utterance at its player. All but the first are its end."""

    STARTED = "started"
    HEARD = "heard"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    """Its deadline was over before its turn came."""
    FAILED = "failed"
    """Its audio could not be had or played."""


class Played(SentByClient):
    """What became of an utterance at its player."""

    action: Literal["played"] = "played"
    room: RoomName
    id: EventId
    outcome: PlayedOutcome


class Do(StrEnum):
    """What the streamer may do with a room."""

    SKIP = "skip"
    """Silence what is playing."""
    CLEAR = "clear"
    """Drop all that waits."""
    PAUSE = "pause"
    RESUME = "resume"
    BLOCK = "block"
    """Nothing of ``viewer`` is spoken any more, nor what waits or is playing."""
    UNBLOCK = "unblock"
    RETRACT = "retract"
    """Take ``id`` back, an utterance, with all danmu that are in it."""
    REPLAY = "replay"
    """Speak ``id``, one of the last, once more."""
    VOICE = "voice"
    """Give ``viewer`` the voice ``voice``; without one, the viewer's own again."""
    SETTINGS = "settings"
    """Read the room by ``settings`` from now on."""


class Control(SentByClient):
    """Steer a room. All who watch it are sent its new ``state``."""

    action: Literal["control"] = "control"
    room: RoomName
    do: Do
    id: EventId | None = None
    viewer: ViewerId | None = None
    voice: VoiceName | None = None
    settings: RoomSettings | None = None


class Listening(SentByServer):
    """The room is heard."""

    type: Literal["listening"] = "listening"
    room: str
    role: ListenRole
    now: Annotated[int, Field(description="The room's clock, Unix milliseconds; `expires_at` is by it.")]


class Waiting(SentByServer):
    """To a player that is ready: nothing yet. What comes meanwhile is announced by another of these, of 0 ms."""

    type: Literal["waiting"] = "waiting"
    room: str
    active: Annotated[bool, Field(description="False: another player speaks.")]
    again_in_ms: Annotated[int, Field(description="Say `ready` again after so long.")]
    reason: Annotated[
        str | None,
        Field(description="`making`, `paused`, or why the last one that was tried was not to be had."),
    ] = None

    _left_out = frozenset({"reason"})


class AudioOf(SentByServer):
    """Opus in Ogg, as it is or by URL."""

    data: Annotated[str | None, Field(description="Base64.")] = None
    url: str | None = None
    content_type: str


class UtteranceFrame(SentByServer):
    """What is spoken now, or next. Its sound is only for the player that asked; others are told without."""

    type: Literal["utterance"] = "utterance"
    room: str
    id: str
    kind: EventKind
    rank: str
    viewer: str
    name: str
    original: Annotated[str, Field(description="As it was written; what is hidden, as asterisks.")]
    spoken: Annotated[str, Field(description="All that is said.")]
    count: int
    people: int
    gift: str = ""
    amount: float = 0.0
    currency: str = "CNY"
    emotes: Annotated[dict[str, str], Field(description="Parts of `original` to where their pictures are.")]
    picture: str | None = None
    reply_to: str = ""
    voice: str
    captions: Annotated[list[CaptionAnswer], Field(description="Parts of `original` in order, and when each is heard.")]
    duration_ms: Annotated[int, Field(description="Of its sound.")]
    audio: AudioOf | None
    expires_at: Annotated[int, Field(description="Unix milliseconds by the room's clock; not to be begun after it.")]


class Merged(SentByServer):
    """More of the same came: of an utterance that waits, plays, or was just spoken."""

    type: Literal["merged"] = "merged"
    room: str
    id: str
    count: int
    people: int


class Retracted(SentByServer):
    """Utterances that are gone; a player that has one is silent about it at once."""

    type: Literal["retracted"] = "retracted"
    room: str
    ids: list[str]


class LetGo(BaseModel):
    """A danmu that will not be spoken."""

    name: str
    text: Annotated[str, Field(description="Its beginning; what is hidden, as asterisks.")]
    gift: str


class Dropped(SentByServer):
    """To monitors: what will not be spoken, and why."""

    type: Literal["dropped"] = "dropped"
    room: str
    ids: list[str]
    reason: str
    danmu: Annotated[list[LetGo], Field(description="Of each id.")]


class Admitted(SentByServer):
    """To who sent events: what became of each, in order."""

    type: Literal["admitted"] = "admitted"
    room: str
    outcomes: list[Outcome]


class Retraction(SentByServer):
    """To who took events back: how many were still there."""

    type: Literal["retraction"] = "retraction"
    room: str
    retracted: int


class State(SentByServer):
    """To monitors: how the room stands."""

    type: Literal["state"] = "state"
    state: RoomState


RoomClientFrame = Danmu | Retract | Listen | Ready | Played | Control
RoomServerFrame = Listening | Waiting | UtteranceFrame | Merged | Retracted | Dropped | Admitted | Retraction | State
