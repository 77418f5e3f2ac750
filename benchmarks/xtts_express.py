"""How many batches express jobs wait under a flood of standard ones, and what is left for those, in virtual time."""

from tests.builders.gpu_flood import flood

_RATES_A_S = (0.2, 1, 2, 4, 6, 32)


def run(_: list[str] | None = None) -> None:
    """Print a line for each rate of express jobs; standard ones are always more than fit."""
    for rate in _RATES_A_S:
        seen = flood(rate)
        note = " (more than the GPU can do)" if rate > seen.rows_a_s() else ""
        print(
            f"express {rate:>4} of {seen.rows_a_s():.1f} rows a second{note}: p95 waits {seen.p95('express')} batches; "
            f"standard has {seen.standard_share():.0%} of the rows, and waits {seen.standard_gap} batches at most"
        )


if __name__ == "__main__":
    run()
