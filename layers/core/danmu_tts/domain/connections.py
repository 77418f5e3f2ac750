"""Who listens over a WebSocket, as values, and how telling them something can fail."""

from dataclasses import dataclass, field

from danmu_tts.domain.access import Grant


@dataclass(frozen=True, slots=True)
class Connection:
    """One WebSocket connection, as every process that has something to say to it must know it.

    Attributes:
        id: API Gateway's; unique.
        endpoint: base URL under which ``/@connections/{id}`` is found.
        grant: by what it was let in.
        client: what a client calls itself when it connects; it comes back under the same name. None: it will not.
        connected_at_ms: when it was opened, by the gateway's clock (Unix milliseconds): of two connections of a client,
            the later one is where it is.
    """

    id: str
    endpoint: str
    grant: Grant = field(default_factory=Grant)
    client: str | None = None
    connected_at_ms: int = 0

    @property
    def owner(self) -> str:
        """Whose utterances it may speak of: its own; a client's also after it came back with the same credential."""
        if self.client is None:
            return self.id
        return "/".join((self.grant.key_id or "", self.grant.room or "", self.client))


class ListenerGoneError(Exception):
    """The connection is closed, or never was."""


class MessageTooLargeError(ValueError):
    """API Gateway takes no message of that size."""


class ListenerBusyError(Exception):
    """What it was told last waits to be read, or the gateway has too much to do just now."""
