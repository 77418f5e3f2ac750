"""COST.md, whose tables lie between markers: ``<!-- costs: NAME -->`` and ``<!-- end -->``."""

import re
from collections.abc import Mapping
from pathlib import Path

PATH = Path(__file__).parents[1] / "COST.md"
_PLACE = re.compile(r"(<!-- costs: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str, tables: Mapping[str, str]) -> str:
    """The document with its tables as they are now. Raises KeyError for a place that there is no table for."""
    return _PLACE.sub(lambda found: f"{found[1]}{tables[found[2]]}\n{found[3]}", text)
