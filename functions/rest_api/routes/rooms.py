"""``/v1/rooms/{room}``: what happens in a chat comes in, and the streamer steers what is spoken of it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from danmu_tts.domain.access import Principal
from danmu_tts.domain.errors import NotFoundError
from functions.rest_api.access import get_principal
from functions.rest_api.dependencies import container_of
from functions.rest_api.errors import RESPONSES
from speech_contract.events import Event, EventId
from speech_contract.fields import RoomName
from speech_contract.room_frames import MOST_EVENTS, Control, Do
from speech_contract.rooms import Outcome, RoomSettings, RoomState

router = APIRouter(prefix="/v1/rooms", tags=["Live rooms"], responses=RESPONSES)

CallerDep = Annotated[Principal, Depends(get_principal)]
Room = Annotated[RoomName, Path(description="Letters, digits, - and _; it begins with its first danmu.")]


class Events(BaseModel):
    """What happened, in order."""

    model_config = ConfigDict(extra="forbid")

    events: Annotated[list[Event], Field(min_length=1, max_length=MOST_EVENTS)]


class PlatformMessages(BaseModel):
    """What happened, as a platform tells it."""

    model_config = ConfigDict(extra="forbid")

    messages: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_EVENTS)]


class EventsAnswer(BaseModel):
    """What became of each event, in order; of a platform's messages only those that are events."""

    outcomes: list[Outcome]
    retracted: Annotated[int, Field(description="How many were taken back by what the platform said.")] = 0


class RetractionAnswer(BaseModel):
    """It will not be heard."""

    retracted: int


@router.post("/{room}/danmu")
async def post_danmu(request: Request, room: Room, body: Events, caller: CallerDep) -> EventsAnswer:
    """Tell what happened in a room's chat. A danmu that comes twice counts once, so try again where you are unsure."""
    return EventsAnswer(outcomes=await container_of(request).rooms.feed.admit(caller, room, body.events))


@router.post("/{room}/danmu/{platform}")
async def post_platform_messages(
    request: Request, room: Room, platform: Literal["bilibili", "twitch"], body: PlatformMessages, caller: CallerDep
) -> EventsAnswer:
    """The same in a platform's own words: messages of Bilibili's open platform, notifications of Twitch's EventSub."""
    fed = await container_of(request).rooms.feed.feed(caller, room, platform, body.messages)
    return EventsAnswer(outcomes=fed.outcomes, retracted=fed.retracted)


@router.delete("/{room}/danmu/{danmu_id}")
async def retract_danmu(request: Request, room: Room, danmu_id: EventId, caller: CallerDep) -> RetractionAnswer:
    """Take one back: out of the queue, or silenced. One that is still to come will not be spoken either."""
    retracted = await container_of(request).rooms.feed.retract(caller, room, [danmu_id])
    if not retracted:
        raise NotFoundError("It does not wait and does not play. Should it come yet, it will not be spoken.")
    return RetractionAnswer(retracted=retracted)


@router.get("/{room}")
async def get_room(request: Request, room: Room, caller: CallerDep) -> RoomState:
    """How a room stands: what waits, what is spoken, what was let go and why, and its settings."""
    return await container_of(request).rooms.controls.state(caller, room)


@router.put("/{room}")
async def put_room(request: Request, room: Room, body: RoomSettings, caller: CallerDep) -> RoomState:
    """Read a room by these settings from now on; what is left out is as it is by default."""
    return await container_of(request).rooms.controls.configure(caller, room, body)


@router.post("/{room}/skip")
async def skip(request: Request, room: Room, caller: CallerDep) -> RoomState:
    """Silence what is playing."""
    return await _control(request, caller, room, Do.SKIP)


@router.post("/{room}/clear")
async def clear(request: Request, room: Room, caller: CallerDep) -> RoomState:
    """Let go of all that waits."""
    return await _control(request, caller, room, Do.CLEAR)


@router.post("/{room}/pause")
async def pause(request: Request, room: Room, caller: CallerDep) -> RoomState:
    """Speak nothing more until ``resume``."""
    return await _control(request, caller, room, Do.PAUSE)


@router.post("/{room}/resume")
async def resume(request: Request, room: Room, caller: CallerDep) -> RoomState:
    """Go on."""
    return await _control(request, caller, room, Do.RESUME)


async def _control(request: Request, caller: Principal, room: str, do: Do) -> RoomState:
    return await container_of(request).rooms.controls.control(caller, Control(room=room, do=do))
