"""What a platform takes back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Events that are not to be spoken any more, nor to be played on.

    Attributes:
        ids: of single events, as these came.
        viewer: whose events are all taken back, where it is about a viewer.
    """

    ids: tuple[str, ...] = ()
    viewer: str | None = None
