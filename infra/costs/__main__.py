"""``python -m infra.costs`` prints COST.md with its tables as they are now; ``--write`` keeps it."""

import sys

from infra.costs.bill import load_prices
from infra.costs.document import PATH, fill
from infra.costs.month import load_usage
from infra.costs.tables import tables


def main() -> None:
    """See the module."""
    as_of, prices = load_prices()
    text = fill(PATH.read_text("utf-8"), tables(as_of, prices, load_usage()))
    if "--write" in sys.argv[1:]:
        PATH.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
