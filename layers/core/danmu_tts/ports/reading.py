"""How danmu are read aloud."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from danmu_tts.text.reading import Reader


class Readers(Protocol):
    """Knows how each room wants its danmu read."""

    @property
    def problem(self) -> str | None:
        """What is wrong with the operator's file of rules; None where nothing is, or there is none."""
        ...

    def reader(self, room: str | None, key_id: str | None) -> "Reader":
        """The one for a room and the API key that asks; the same object until something changes.

        The first call reads the word lists.
        """
        ...
