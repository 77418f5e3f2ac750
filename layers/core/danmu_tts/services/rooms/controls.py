"""The streamer steers a room."""

from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError

from danmu_tts.domain.access import Principal, Scope
from danmu_tts.domain.errors import InvalidRequestError, NotFoundError
from danmu_tts.domain.room import removal, speaking
from danmu_tts.domain.room.admission import Changes, expire
from danmu_tts.ports import Room, Rooms
from danmu_tts.services.rooms.fates import Fates
from danmu_tts.services.rooms.telling import Telling, mark_told
from speech_contract.room_frames import Control, Do
from speech_contract.rooms import RoomSettings, RoomState

T = TypeVar("T")
_Act = Callable[[Room, Changes], None]


class Controls:
    """Does what streamers want. One instance a process."""

    def __init__(self, rooms: Rooms, telling: Telling, fates: Fates, new_id: Callable[[], str]) -> None:
        self._rooms = rooms
        self._telling = telling
        self._fates = fates
        self._new_id = new_id

    async def state(self, principal: Principal, room: str) -> RoomState:
        """How a room stands. Raises ForbiddenError and StoreAwayError."""
        principal.require(Scope.LISTEN, room)
        opened = await self._rooms.read(room)
        expire(opened.state, opened.now_ms, Changes())  # only for who looks; the next step does it for all
        return (await self._telling.state(opened, len(await self._rooms.listeners(room)))).state

    async def configure(self, principal: Principal, room: str, settings: RoomSettings) -> RoomState:
        """Read a room by these from now on. Raises ForbiddenError and StoreAwayError."""
        principal.require_control(room)
        return await self._configure(room, lambda _: settings)

    async def control(self, principal: Principal, asked: Control) -> RoomState:
        """Do one thing. Raises ForbiddenError, InvalidRequestError, NotFoundError, StoreAwayError."""
        principal.require_control(asked.room)
        match asked.do:
            case Do.SKIP:
                return await self._do(asked.room, lambda opened, changes: _skip(opened, changes))
            case Do.CLEAR:
                return await self._do(asked.room, lambda opened, changes: _clear(opened, changes))
            case Do.PAUSE | Do.RESUME:
                return await self._do(asked.room, lambda opened, _: _pause(opened, asked.do is Do.PAUSE))
            case Do.RETRACT:
                withdrawn_id = _needed(asked.id, "id")
                return await self._do(asked.room, lambda opened, changes: _retract(opened, withdrawn_id, changes))
            case Do.REPLAY:
                utterance_id = _needed(asked.id, "id")
                return await self._do(asked.room, lambda opened, _: self._replay(opened, utterance_id))
            case Do.SETTINGS:
                return await self.configure(principal, asked.room, _needed(asked.settings, "settings"))
            case Do.BLOCK | Do.UNBLOCK | Do.VOICE:
                viewer = _needed(asked.viewer, "viewer")
                return await self._configure(asked.room, lambda settings: _with_viewer(settings, asked, viewer))

    async def _configure(self, room: str, change: Callable[[RoomSettings], RoomSettings]) -> RoomState:
        settings = await self._rooms.configure(room, change)
        return await self._do(room, lambda opened, changes: _obey(opened, settings, changes))

    def _replay(self, opened: Room, utterance_id: str) -> None:
        if speaking.again(opened.state, utterance_id, self._new_id(), opened.now_ms) is None:
            raise NotFoundError("It is not among the last that were spoken.", param="id")

    async def _do(self, room: str, act: _Act) -> RoomState:
        def step(opened: Room) -> tuple[Room, Changes]:
            changes = Changes()
            act(opened, changes)
            opened.state.told_ms = 0  # who watches shall see it at once
            mark_told(opened)
            return opened, changes

        opened, changes = await self._rooms.change(room, step)
        self._fates.write(opened, changes)
        await self._telling.changed(opened, changes, with_settings=True)
        await self._telling.nudge(opened)
        return (await self._telling.state(opened, len(await self._rooms.listeners(room)))).state


def _skip(opened: Room, changes: Changes) -> None:
    removal.skip(opened.state, changes)


def _clear(opened: Room, changes: Changes) -> None:
    removal.clear(opened.state, changes)


def _retract(opened: Room, utterance_id: str, changes: Changes) -> None:
    if not removal.withdraw(opened.state, utterance_id, changes):
        raise NotFoundError("It does not wait and does not play.", param="id")


def _pause(opened: Room, paused: bool) -> None:
    opened.state.paused = paused


def _obey(opened: Room, settings: RoomSettings, changes: Changes) -> None:
    """What waits or plays of those who are blocked goes at once."""
    removal.ban(opened.state, settings.blocked_viewers, changes)


def _with_viewer(settings: RoomSettings, asked: Control, viewer: str) -> RoomSettings:
    blocked = [each for each in settings.blocked_viewers if each != viewer]
    voices = {name: voice for name, voice in settings.viewer_voices.items() if name != viewer}
    match asked.do:
        case Do.BLOCK:
            changed: dict[str, object] = {"blocked_viewers": [*blocked, viewer]}
        case Do.UNBLOCK:
            changed = {"blocked_viewers": blocked}
        case _:
            changed = {"viewer_voices": voices | ({viewer: asked.voice} if asked.voice else {})}
    try:
        return RoomSettings.model_validate(settings.model_dump() | changed)
    except ValidationError as error:
        raise InvalidRequestError("The room's settings name as many viewers as they may.", param="viewer") from error


def _needed(value: T | None, param: str) -> T:
    if value is None:
        raise InvalidRequestError(f"This needs {param}.", param=param)
    return value
