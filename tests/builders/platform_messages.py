"""Messages of platforms as nobody should send them."""

from typing import Any

from hypothesis import strategies as st

_TEXTS = st.text(st.characters(), max_size=80)
_ODD = st.sampled_from(
    [10**400, -(10**4000), 2**64, -1, 1e308, float("inf"), float("nan"), "\ud83d", "x" * 3000, "\x00", "a b", [[]], {}]
)


def json_values(keys: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    """What JSON, or a careless reader of it, may come to; objects often have these keys."""
    single = st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS | _ODD
    return st.recursive(
        single,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys | _TEXTS, inner, max_size=6),
        max_leaves=12,
    )


def broken(message: dict[str, object]) -> st.SearchStrategy[dict[str, object]]:
    """The message with some of its values, at any depth, replaced or left out."""
    return st.randoms(use_true_random=False).flatmap(
        lambda random: st.lists(json_values(st.sampled_from(["id", "text"])), min_size=8, max_size=8).map(
            lambda values: _replaced(message, values, random)
        )
    )


def _replaced(given: Any, values: list[object], random: Any) -> Any:
    if isinstance(given, dict):
        kept = {name: value for name, value in given.items() if random.random() > 0.05}
        return {name: _replaced(value, values, random) for name, value in kept.items()}
    if isinstance(given, list):
        return [_replaced(each, values, random) for each in given]
    return random.choice(values) if random.random() < 0.2 else given
