"""Counting what happened."""

from typing import Protocol


class Metrics(Protocol):
    """Counts what happened."""

    def request(self, *, backend: str, status: str, duration_s: float) -> None:
        """Count one finished request; status is ``ok`` or an error code."""
        ...

    def attempt(self, *, backend: str, outcome: str, duration_s: float) -> None:
        """Count one call of a backend; outcome is ``ok``, an error's reason, or ``left`` where nobody waited for it."""
        ...

    def fallback(self, *, wanted: str, spoken: str) -> None:
        """Count an answer that another backend gave than the one that should have."""
        ...

    def first_audio(self, *, backend: str, seconds: float) -> None:
        """Observe how long a listener would have waited for the first sample."""
        ...

    def cache(self, *, tier: str) -> None:
        """Count a look-up; tier is the tier that had it, ``flight`` where it was just being made, or ``miss``."""
        ...

    def limited(self, *, of: str) -> None:
        """Count a request that was refused; ``of`` is whose limit it was."""
        ...

    def spent(self, *, backend: str, characters: int, usd: float) -> None:
        """Count what was made, as the backend bills it."""
        ...

    def job(self, *, ended_by: str, seconds: float) -> None:
        """Count a job and its time; ``ended_by`` is what did so: ``result``, ``deadline``, ``asker``, ``refusal``."""
        ...

    def danmu(self, *, outcome: str, count: int = 1) -> None:
        """Count danmu of a room that came to an end.

        ``outcome``: ``spoken``, ``merged`` into one that says the same, ``retracted``, or ``dropped_`` and the reason.
        What was merged and is retracted afterwards is counted as both.
        """
        ...

    def connections(self, count: int) -> None:
        """Note how many WebSocket connections there are."""
        ...

    def render(self) -> tuple[bytes, str]:
        """All figures as text for a scraper, and its media type."""
        ...

    def flush(self) -> None:
        """Hand on what was counted since the last time, where nobody scrapes. At the end of every invocation."""
        ...
