"""What paid voices cost: entries, caps, and the calendar month that they belong to."""

from dataclasses import dataclass

# Money is counted in whole billionths of a dollar: one character of the cheapest voice is thousands of them.
NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """Characters as they are billed, and what they cost in billionths of a dollar; 0 for a free voice."""

    characters: int
    nano_usd: int

    @property
    def usd(self) -> float:
        """In dollars."""
        return self.nano_usd / NANO


@dataclass(frozen=True, slots=True)
class Entry:
    """One synthesis in the ledger.

    Attributes:
        id: names it, so that it counts once however often it is told.
        month: as ``2026-11``, in UTC.
        subjects: under whom it is counted: ``all``, ``backend/azure``, ``key/…``, ``room/…``.
    """

    id: str
    month: str
    subjects: tuple[str, ...]
    cost: Cost

    @property
    def paid_characters(self) -> int:
        """Characters of a voice that costs something."""
        return self.cost.characters if self.cost.nano_usd else 0


@dataclass(frozen=True, slots=True)
class Total:
    """What a subject has used up in a month."""

    characters: int = 0
    paid_characters: int = 0
    nano_usd: int = 0

    @property
    def usd(self) -> float:
        """What it came to, in dollars."""
        return self.nano_usd / NANO

    def plus(self, entry: Entry, sign: int = 1) -> "Total":
        """With one more entry, or one less."""
        return Total(
            self.characters + sign * entry.cost.characters,
            self.paid_characters + sign * entry.paid_characters,
            self.nano_usd + sign * entry.cost.nano_usd,
        )


@dataclass(frozen=True, slots=True)
class Cap:
    """What a subject may use up in a month; None is no cap."""

    subject: str
    paid_characters: int | None = None
    nano_usd: int | None = None

    def allows(self, total: Total) -> bool:
        """Whether a total is within it."""
        characters_fit = self.paid_characters is None or total.paid_characters <= self.paid_characters
        return characters_fit and (self.nano_usd is None or total.nano_usd <= self.nano_usd)


@dataclass(slots=True)
class Spending:
    """One call of a backend, on its way. ``heard``: audio came of it, so it will be billed however it ends."""

    heard: bool = False
