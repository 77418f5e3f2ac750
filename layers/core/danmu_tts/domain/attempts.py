"""How long one attempt may take when the caller waits only so long."""

_LEFT_FOR_OTHERS = 0.5


def attempt_budget_s(remaining_s: float, others_left: int) -> float:
    """Seconds that a backend gets: half of what is left while somebody else could still speak, else all of it.

    Each attempt leaves as much as it takes, so the last one is never left without time.
    """
    return remaining_s * _LEFT_FOR_OTHERS if others_left else remaining_s
