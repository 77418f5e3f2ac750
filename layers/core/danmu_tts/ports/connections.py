"""WebSocket connections: who there is, telling them something, and the utterances that are on their way to them."""

from dataclasses import dataclass
from typing import Protocol

from danmu_tts.domain.connections import Connection


class Connections(Protocol):
    """What all processes know of who is connected. Every method raises StoreAwayError while the store is away."""

    async def add(self, connection: Connection) -> None:
        """Keep its record until it is removed, or for as long as a connection may last."""
        ...

    async def remove(self, connection_id: str) -> None:
        """Forget it."""
        ...

    async def count(self) -> int:
        """How many there are, in all processes together."""
        ...


class Pusher(Protocol):
    """Sends messages to connections through the gateway that holds them."""

    async def prepare(self) -> None:
        """Load what ``push`` needs."""
        ...

    async def push(self, to: Connection, message: bytes) -> None:
        """Send one text message. Raises ListenerGoneError and ListenerBusyError."""
        ...

    async def hang_up(self, on: Connection) -> None:
        """Close a connection, if it is still there."""
        ...

    async def close(self) -> None:
        """Give the pooled connections to the gateway back."""
        ...


@dataclass(frozen=True, slots=True)
class Wishes:
    """What others want of an utterance since somebody last looked.

    Attributes:
        cancel: it is not wanted any more.
        listener: where its client is now; None where it still was.
        seq: the first piece of audio that the client has not heard.
    """

    cancel: bool = False
    listener: Connection | None = None
    seq: int = 0


class Utterances(Protocol):
    """Utterances that are on their way, so that any process can reach the one that speaks them.

    An utterance is named by its owner (``Connection.owner``) and the id that its client gave it. Whoever speaks it
    looks for wishes several times a second; one that is not looked at for some seconds is forgotten: its process died.
    Every method raises StoreAwayError while the store is away.
    """

    async def begin(self, owner: str, utterance_id: str) -> bool:
        """Announce it; False where one of that name is on its way."""
        ...

    async def look(self, owner: str, utterance_id: str) -> Wishes:
        """As its speaker, take what others want of it, and be known to live."""
        ...

    async def end(self, owner: str, utterance_id: str) -> None:
        """As its speaker, let the name go."""
        ...

    async def wish(self, owner: str, utterance_id: str, wishes: Wishes) -> bool:
        """Want something of it; False where there is none of that name."""
        ...

    async def was_taken(self, owner: str, utterance_id: str) -> bool | None:
        """Whether its speaker took the last wish; None while it still may, False where it ended or died before."""
        ...
