"""List prices, from a dated table. A backend that is not in it costs nothing that we know of."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million characters, and how many characters a Chinese one counts."""

    usd_per_million_chars: float = 0.0
    chars_per_hanzi: int = 1


def price_of(backend: str, model: str = "") -> Price:
    """The price of a backend, or of one of its models; one that is not listed costs what its dearest costs."""
    listed = _table().get(backend, {})
    if model:
        return Price(listed.get(model, max(listed.values(), default=0.0)))
    return Price(listed.get("usd_per_million_chars", 0.0), listed.get("chars_per_hanzi", 1))


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads((files("danmu_tts") / "data" / "prices.json").read_text("utf-8"))
    return table
