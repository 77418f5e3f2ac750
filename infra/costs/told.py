"""What a month costs, in round sums, as `make deploy` and the README tell it."""

from dataclasses import dataclass, replace

from infra.costs.bill import load_prices, total
from infra.costs.levers import nat
from infra.costs.month import PROFILES, Month, load_usage


@dataclass(frozen=True, slots=True)
class Told:
    """US dollars a month, as text: while nobody is live, with one room, and what cloud voices add (empty: nothing)."""

    idle: str
    one_room: str
    nat: str


def told(profile: str) -> Told:
    """Of one of template.yaml's profiles. Raises KeyError for any other."""
    _, prices = load_prices()
    month = Month({each.name: each for each in PROFILES}[profile], 1, load_usage())
    idle = replace(month, rooms=0)
    extra = _round(nat(idle, prices)) if month.profile.has_cache else ""
    return Told(_round(total(idle, prices)), _round(total(month, prices)), extra)


def _round(usd: float) -> str:
    """To two digits, by which it can well be wrong."""
    return f"{usd:.0f}" if usd >= 10 else f"{float(f'{usd:.2g}'):.2f}"
