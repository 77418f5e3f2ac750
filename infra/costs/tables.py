"""The tables of infra/COST.md."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files

from infra.costs.bill import TERMS, Prices, total
from infra.costs.levers import LEVERS, OPTIONS, live_rooms_at_once, paid_voices_usd_an_hour, vm_cores
from infra.costs.month import PROFILES, Month, Usage

ROOMS = (1, 100, 10_000)
_VM_CORES = 2


def usd(amount: float) -> str:
    """As a table shows it."""
    if abs(amount) < 0.005:
        return "–"
    return f"{amount:,.2f}" if abs(amount) < 100 else f"{amount:,.0f}"


def tables(as_of: str, prices: Prices, usage: Usage) -> dict[str, str]:
    """Each table as Markdown, by the name of its place in COST.md."""
    months = {profile.name: [Month(profile, rooms, usage) for rooms in ROOMS] for profile in PROFILES}
    return {
        "totals": _totals(as_of, months, prices),
        "terms": _terms(months, prices),
        "formulas": _formulas(prices, usage),
        "options": _options(months, prices),
        "levers": _levers(months["standard"], prices),
        "voices": _voices(months["cheap"][0]),
        "machines": _machines(months["cheap"], prices),
        "limits": _limits(months["standard"][0]),
    }


Months = dict[str, list[Month]]


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _by_rooms(name: str) -> tuple[str, ...]:
    return (name, *("1 room" if rooms == 1 else f"{rooms:,} rooms" for rooms in ROOMS))


def _totals(as_of: str, months: Months, prices: Prices) -> str:
    def rows() -> Iterator[Sequence[str]]:
        for name, (one, *more) in months.items():
            idle = total(replace(one, rooms=0), prices)
            sums = ((total(month, prices), month.rooms) for month in more)
            each = (f"**{usd(all_)}**, {usd(all_ / rooms)} a room" for all_, rooms in sums)
            yield name, usd(idle), f"**{usd(total(one, prices))}**", *each

    name, *rooms = _by_rooms(f"US dollars a month, {as_of}")
    return _table((name, "nobody live", *rooms), rows())


def _terms(months: Months, prices: Prices) -> str:
    head = ["US dollars a month", *(f"{name} {rooms:,}" for name in months for rooms in ROOMS)]

    def rows() -> Iterator[Sequence[str]]:
        for name, term in TERMS.items():
            yield name, *(usd(term(month, prices)) for of in months.values() for month in of)
        yield "**all**", *(f"**{usd(total(month, prices))}**" for of in months.values() for month in of)

    return _table(head, rows())


def _formulas(prices: Prices, usage: Usage) -> str:
    terms = json.loads((files("infra.costs") / "terms.json").read_text("utf-8"))

    def rows() -> Iterator[Sequence[str]]:
        for name in TERMS:
            priced = "; ".join(str(prices[each]) for each in terms[name]["prices"])
            yield name, terms[name]["quantity"].format_map(usage.figures), priced

    return _table(("term", "quantity", "price, US dollars"), rows())


def _options(months: Months, prices: Prices) -> str:
    def rows() -> Iterator[Sequence[str]]:
        for option in OPTIONS:
            of = months[option.profile]
            yield (
                f"{option.profile}: {option.name}",
                *(usd(option.usd(month, prices)) for month in of),
                "; ".join(str(prices[name]) for name in option.prices),
            )

    return _table((*_by_rooms("on top, US dollars a month"), "price"), rows())


def _levers(months: list[Month], prices: Prices) -> str:
    def rows() -> Iterator[Sequence[str]]:
        for lever in LEVERS:
            yield lever.name, *(usd(total(month, prices) - total(lever.turn(month), prices)) for month in months)

    return _table(_by_rooms("profile standard: saves, US dollars a month"), rows())


def _voices(month: Month) -> str:
    """From the very table by which the service itself reckons."""
    found = json.loads((files("danmu_tts") / "data" / "prices.json").read_text("utf-8"))
    azure, openai = found["azure"], found["openai"]
    each = {"Azure (Chinese)": paid_voices_usd_an_hour(month, azure["usd_per_million_chars"], azure["chars_per_hanzi"])}
    each |= {f"OpenAI {name}": paid_voices_usd_an_hour(month, price, 1) for name, price in openai.items()}
    told = ", ".join(f"{name} {usd(amount)}" for name, amount in each.items())
    return f"US dollars for an hour of a live room, {found['as_of']}: {told}."


def _machines(months: list[Month], prices: Prices) -> str:
    def rows() -> Iterator[Sequence[str]]:
        yield "cores at the busiest time", *(f"{vm_cores(month):,.1f}" for month in months)
        machines = [max(1, -(-vm_cores(month) // _VM_CORES)) for month in months]
        yield "machines of 2 cores and 4 GB, always on", *(f"{n:,.0f}" for n in machines)
        own = [prices["vm_2_cores_hour"].usd(n * 730) for n in machines]
        yield (
            "… on EC2, with data to the internet",
            *(usd(each + prices["out_gb"].usd(month.out_gb)) for each, month in zip(own, months, strict=True)),
        )
        yield "profile cheap", *(usd(total(month, prices)) for month in months)

    return _table(_by_rooms("US dollars a month"), rows())


def _limits(month: Month) -> str:
    return f"{', '.join(f'{name} {rooms:,.0f}' for name, rooms in live_rooms_at_once(month).items())}."
