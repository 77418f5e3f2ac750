"""What may be said of live rooms: one service is called, and answers over the connections that it concerns."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel

from danmu_tts.bootstrap import Container
from danmu_tts.domain.connections import Connection
from speech_contract import room_frames as frames


async def _danmu(built: Container, connection: Connection, frame: frames.Danmu) -> None:
    principal = await built.sessions.authorize(connection)
    outcomes = await built.rooms.feed.admit(principal, frame.room, frame.events)
    await built.delivery.send(connection, frames.Admitted(room=frame.room, outcomes=outcomes))


async def _retract(built: Container, connection: Connection, frame: frames.Retract) -> None:
    principal = await built.sessions.authorize(connection)
    retracted = await built.rooms.feed.retract(principal, frame.room, frame.ids)
    await built.delivery.send(connection, frames.Retraction(room=frame.room, retracted=retracted))


async def _listen(built: Container, connection: Connection, frame: frames.Listen) -> None:
    principal = await built.sessions.authorize(connection)
    await built.rooms.players.listen(connection, principal, frame)


async def _ready(built: Container, connection: Connection, frame: frames.Ready) -> None:
    principal = await built.sessions.authorize(connection)
    await built.rooms.players.ready(connection, principal, frame)


async def _played(built: Container, connection: Connection, frame: frames.Played) -> None:
    principal = await built.sessions.authorize(connection)
    await built.rooms.players.played(connection, principal, frame)


async def _control(built: Container, connection: Connection, frame: frames.Control) -> None:
    principal = await built.sessions.authorize(connection)
    await built.rooms.controls.control(principal, frame)


ACTIONS: dict[type[BaseModel], Callable[[Container, Connection, Any], Awaitable[None]]] = {
    frames.Danmu: _danmu,
    frames.Retract: _retract,
    frames.Listen: _listen,
    frames.Ready: _ready,
    frames.Played: _played,
    frames.Control: _control,
}
