"""Live rooms, as all processes know them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from danmu_tts.domain.connections import Connection
from danmu_tts.domain.room.state import RoomState
from speech_contract.rooms import RoomSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Room:
    """A room at one moment.

    Attributes:
        state: may be changed by the step that it was opened for.
        now_ms: the time of the store that all processes share, Unix milliseconds.
    """

    name: str
    state: RoomState
    settings: RoomSettings
    now_ms: int


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears a room, and has said so lately.

    Attributes:
        id: the same for a client that comes back over another connection.
        plays: whether it is a player; else it only watches.
    """

    id: str
    connection: Connection
    plays: bool


class Rooms(Protocol):
    """Keeps rooms. Every method raises StoreAwayError while the store is away."""

    async def read(self, room: str) -> Room:
        """How it stands."""
        ...

    async def change(self, room: str, step: Callable[[Room], T]) -> T:
        """Take one step, all at once; what the step returns.

        The step may be called again with a newer state, where another process was quicker: it must do nothing but
        change the state that it is given.
        """
        ...

    async def configure(self, room: str, change: Callable[[RoomSettings], RoomSettings]) -> RoomSettings:
        """Read the room by other settings from now on, also after everything was restarted.

        ``change`` gives them for those that there are; it may be called again where another process was quicker. Raises
        InvalidRequestError where they are too long.
        """
        ...

    async def listeners(self, room: str) -> Mapping[str, Listener]:
        """By their ids."""
        ...

    async def add_listener(self, room: str, listener: Listener) -> None:
        """Note one, in place of an older of that id."""
        ...

    async def remove_listener(self, room: str, listener_id: str, connection_id: str) -> None:
        """Forget one, unless it came back over another connection."""
        ...


class RoomDocuments(Protocol):
    """Where rooms' settings outlive every restart. Both methods raise StoreAwayError."""

    async def get(self, room: str) -> bytes | None:
        """The document of a room, None where it has none."""
        ...

    async def put(self, room: str, document: bytes) -> None:
        """Keep it, all of it or nothing."""
        ...
