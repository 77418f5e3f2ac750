"""Telling those who hear a room what happens in it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress

from danmu_tts.background import Background
from danmu_tts.domain.connections import Connection, ListenerGoneError, MessageTooLargeError
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.domain.room.admission import Changes
from danmu_tts.observability import get_logger
from danmu_tts.ports import Listener, Room, Rooms
from danmu_tts.services.budget import Budget
from danmu_tts.services.delivery import Delivery
from danmu_tts.services.rooms.views import room_state
from speech_contract import room_frames as frames
from speech_contract.frames import AnyServerFrame

logger = get_logger("rooms")

# Who watches is told anew how the room stands so often at most.
_STATE_EVERY_MS = 300
# A monitor that was not heard of for so long does not watch any more; a hidden page says something once a minute.
WATCHES_MS = 90_000
_DROPPED_A_FRAME, _SHOWN_CHARS = 50, 80


class Telling:
    """Sends to listeners, and forgets those that are gone."""

    def __init__(
        self,
        rooms: Rooms,
        delivery: Delivery,
        budget: Budget,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rooms = rooms
        self._sleep = sleep
        self._behind = Background()
        self._untold_ms: dict[str, int] = {}
        self._delivery = delivery
        self._budget = budget

    async def answer(self, to: Connection, frame: AnyServerFrame) -> None:
        """Tell one connection. Raises ListenerGoneError."""
        await self._delivery.send(to, frame)

    async def changed(self, room: Room, changes: Changes, *, with_settings: bool = False) -> None:
        """Tell what a step did: to the player what concerns it, to those who watch all of it."""
        is_watched = room.state.watched_ms >= room.now_ms
        frames_for_all: list[AnyServerFrame] = []
        if changes.retracted:
            frames_for_all.append(frames.Retracted(room=room.name, ids=changes.retracted))
        if is_watched or room.state.player:
            frames_for_all += [
                frames.Merged(room=room.name, id=each.id, count=each.count, people=each.people)
                for each in changes.merged
            ]
        frames_for_monitors: list[AnyServerFrame] = []
        if is_watched:
            frames_for_monitors += self._dropped(room.name, changes)
        is_due = is_watched and room.state.told_ms == room.now_ms
        if is_watched and not is_due:
            if room.name not in self._untold_ms:
                self._behind.start(self._tell_later(room.name))
            self._untold_ms[room.name] = room.now_ms
        if not (frames_for_all or frames_for_monitors or is_due):
            return
        listeners = (await self._rooms.listeners(room.name)).values()
        if is_due:
            news = await self.state(room, len(listeners))
            if not with_settings:
                news.state.settings = None
            frames_for_monitors.append(news)
        monitors = [each for each in listeners if not each.plays]
        players = [each for each in listeners if each.plays]
        await asyncio.gather(
            self.broadcast(room.name, players, frames_for_all),
            self.broadcast(room.name, monitors, [*frames_for_all, *frames_for_monitors]),
        )

    async def state(self, room: Room, listeners: int) -> frames.State:
        """How a room stands, for those who watch."""
        spent_usd = await self._budget.spent_by_room(room.name)
        return frames.State(state=room_state(room, listeners, spent_usd))

    async def close(self) -> None:
        """Finish what is still to be told."""
        await self._behind.finish()

    async def _tell_later(self, name: str) -> None:
        """What came too soon after the last time is not kept from who watches."""

        def step(opened: Room) -> Room:
            if opened.state.told_ms < self._untold_ms[name]:
                mark_told(opened)
            return opened

        is_told = False
        try:
            while not is_told:
                await self._sleep(_STATE_EVERY_MS / 1000)
                opened = await self._rooms.change(name, step)
                is_told = opened.state.told_ms >= self._untold_ms[name] or opened.state.watched_ms < opened.now_ms
        except StoreAwayError:
            return
        finally:
            del self._untold_ms[name]
        if opened.state.told_ms == opened.now_ms:
            with suppress(StoreAwayError):
                await self.changed(opened, Changes())

    def _dropped(self, room: str, changes: Changes) -> Iterator[frames.Dropped]:
        for reason, ids in changes.dropped.items():
            for start in range(0, len(ids), _DROPPED_A_FRAME):
                some = ids[start : start + _DROPPED_A_FRAME]
                words = [changes.let_go[each].words for each in some]
                danmu = [frames.LetGo(name=each.name, text=each.shown[:_SHOWN_CHARS], gift=each.gift) for each in words]
                yield frames.Dropped(room=room, ids=some, reason=reason, danmu=danmu)

    async def nudge(self, room: Room) -> None:
        """Tell a player that waits that there is something now."""
        player = room.state.player
        if player is None or not player.credit or player.until_ms < room.now_ms or room.state.paused:
            return
        listener = (await self._rooms.listeners(room.name)).get(player.id)
        if listener:
            await self._send(room.name, listener, frames.Waiting(room=room.name, active=True, again_in_ms=0))

    async def broadcast(self, room: str, to: Iterable[Listener], told: list[AnyServerFrame]) -> None:
        """Tell several, each in order; none waits for another."""
        if told:
            await asyncio.gather(*(self._send(room, listener, *told) for listener in to))

    async def _send(self, room: str, to: Listener, *told: AnyServerFrame) -> None:
        """A player must hear it; for one that only watches nobody waits, and what comes next tells it more."""
        send = self._delivery.send if to.plays else self._delivery.offer
        try:
            for frame in told:
                await send(to.connection, frame)
        except MessageTooLargeError as error:
            logger.error("a message is too large for the gateway", extra={"room": room, "reason": str(error)})
        except ListenerGoneError:
            with suppress(StoreAwayError):
                await self._rooms.remove_listener(room, to.id, to.connection.id)


def mark_told(room: Room) -> None:
    """As part of a step: whether those who watch are to be told how the room stands after it."""
    state = room.state
    if state.watched_ms >= room.now_ms and not 0 <= room.now_ms - state.told_ms < _STATE_EVERY_MS:
        state.told_ms = room.now_ms
