import pytest

from danmu_tts.adapters.backends.prices import Price, price_of


def test_a_backend_has_one_price() -> None:
    assert price_of("azure") == Price(15.0, chars_per_hanzi=2)


@pytest.mark.parametrize(("model", "usd"), [("tts-1", 15), ("tts-1-hd", 30), ("gpt-4o-mini-tts", 16)])
def test_a_model_has_its_own_price(model: str, usd: float) -> None:
    assert price_of("openai", model) == Price(usd, chars_per_hanzi=1)


@pytest.mark.parametrize(("backend", "model"), [("openai", "tts-9"), ("edge", ""), ("edge", "x"), ("piper", "")])
def test_what_is_not_listed_costs_nothing_that_we_know_of(backend: str, model: str) -> None:
    assert price_of(backend, model) == Price(0.0, 1)
