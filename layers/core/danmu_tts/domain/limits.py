"""How much may be asked for: who is counted, what is counted, and what an answer says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit that a request has to pass.

    Attributes:
        of: whose it is, for a person: ``key``, ``viewer``, ``room`` or ``all``.
        who: that one's id; the same id under another ``of`` is somebody else.
        per_minute: how much flows in, evenly; it is also how much may be taken at once after a rest.
        cost: how much this request takes; no more than a minute's worth, or it could never pass.
    """

    of: str
    who: str
    unit: Unit
    per_minute: int
    cost: int

    @property
    def interval_s(self) -> float:
        """Seconds in which one flows in."""
        return 60 / self.per_minute


@dataclass(frozen=True, slots=True)
class Standing:
    """How one limit stands after it was asked. ``retry_after_s`` is 0 where it was passed."""

    limit: Limit
    remaining: int
    retry_after_s: float

    @property
    def passed(self) -> bool:
        """Whether there was enough."""
        return self.retry_after_s <= 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left in the tightest limit of a unit."""

    unit: Unit
    limit: int
    remaining: int


def allowances(standings: Sequence[Standing]) -> tuple[Allowance, ...]:
    """The tightest of each unit, requests first."""
    found = []
    for unit in Unit:
        if of_unit := [each for each in standings if each.limit.unit is unit]:
            tightest = min(of_unit, key=lambda each: each.remaining / each.limit.per_minute)
            found.append(Allowance(unit, tightest.limit.per_minute, tightest.remaining))
    return tuple(found)
