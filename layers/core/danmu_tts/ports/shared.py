"""What all processes know together. Every method of these raises StoreAwayError while the store is away."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from danmu_tts.domain.access import KeyRecord
from danmu_tts.domain.limits import Limit, Standing
from danmu_tts.domain.spend import Cap, Entry, Total


class SharedStore(Protocol):
    """What all processes share."""

    @property
    def status(self) -> Literal["ok", "away", "embedded"]:
        """``ok``, ``away``, or ``embedded`` where it is this process's own."""
        ...

    async def close(self) -> None:
        """Give its connections back."""
        ...


class Flight(Protocol):
    """The making of one key's audio, as one asker sees it."""

    @property
    def leads(self) -> bool:
        """Whether this asker makes it."""
        ...

    async def land(self, outcome: bytes) -> None:
        """As its leader, tell the others how it ended, and let the key go."""
        ...

    async def landing(self, limit_s: float) -> bytes | None:
        """As one of the others, wait for the outcome; None where the leader died or the time is up.

        Raises StoreAwayError.
        """
        ...


class Flights(Protocol):
    """At most one maker a key among all processes."""

    async def enter(self, key: str) -> Flight:
        """Lead, where nobody does. Raises StoreAwayError."""
        ...


class CircuitBoard(Protocol):
    """Where processes tell one another which backends fail."""

    async def post(self, backend: str, left_s: float) -> None:
        """Tell that a backend is to be left alone for so long. Raises StoreAwayError."""
        ...

    async def read(self, backends: Sequence[str]) -> Mapping[str, float]:
        """Seconds for which each is to be left alone, of those that are. Raises StoreAwayError."""
        ...


class RateLimiter(Protocol):
    """Counts what is asked for."""

    async def take(self, limits: Sequence[Limit]) -> list[Standing]:
        """Take what a request costs from every limit and tell how each stands, in one step.

        Where one has too little, nothing is taken from any, and that one alone is told of. Raises StoreAwayError.
        """
        ...


class Ledger(Protocol):
    """Who has used up how much in which month."""

    async def enter(self, entry: Entry, caps: Sequence[Cap]) -> bool:
        """Add an entry in one step if that leaves every cap kept; a free one passes every cap.

        Raises StoreAwayError.
        """
        ...

    async def cancel(self, entry: Entry) -> None:
        """Take an entry back. Raises StoreAwayError."""
        ...

    async def total(self, month: str, subject: str) -> Total:
        """What one subject has used up. Raises StoreAwayError."""
        ...

    async def close(self) -> None:
        """Finish what is being written."""
        ...

    async def report(self, month: str) -> Mapping[str, Total]:
        """Subject to what it has used up. Raises StoreAwayError."""
        ...


class KeyStore(Protocol):
    """Keeps the records of API keys. Whatever it holds that is no sound record is reported and counts as unknown."""

    async def get(self, key_id: str) -> KeyRecord | None:
        """Find a key by its id; None for an unknown one, whatever was asked for. Raises StoreAwayError."""
        ...

    async def put(self, record: KeyRecord) -> None:
        """Add a key, or replace the one of that id; all of it or nothing. Raises StoreAwayError."""
        ...

    async def list(self) -> Sequence[KeyRecord]:
        """All keys, revoked and expired ones too, by id. Raises StoreAwayError."""
        ...
