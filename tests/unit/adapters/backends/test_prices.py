import pytest

from danmu_tts.adapters.backends.openai import OpenAIBackend
from danmu_tts.adapters.backends.prices import Price, price_of
from danmu_tts.settings_backends import OpenAISettings


def test_a_backend_has_one_price() -> None:
    assert price_of("azure") == Price(15.0, chars_per_hanzi=2)


@pytest.mark.parametrize(("model", "usd"), [("tts-1", 15), ("tts-1-hd", 30), ("gpt-4o-mini-tts", 16)])
def test_a_model_has_its_own_price(model: str, usd: float) -> None:
    assert price_of("openai", model) == Price(usd, chars_per_hanzi=1)


@pytest.mark.parametrize(("backend", "model"), [("edge", ""), ("edge", "x"), ("piper", "")])
def test_what_is_not_listed_costs_nothing_that_we_know_of(backend: str, model: str) -> None:
    assert price_of(backend, model) == Price(0.0, 1)


def test_a_vendors_model_that_is_not_listed_is_taken_for_its_dearest() -> None:
    assert price_of("openai", "tts-9") == Price(30.0, chars_per_hanzi=1)


@pytest.mark.parametrize(
    ("settings", "usd"),
    [
        ({}, 16.0),
        ({"base_url": "https://eu.api.openai.com/v1", "model": "tts-1"}, 15.0),
        ({"base_url": "http://127.0.0.1:8880/v1"}, 0.0),
        ({"base_url": "https://notopenai.com/v1"}, 0.0),
        ({"base_url": "https://tts.example.com/v1", "usd_per_million_chars": 4.0}, 4.0),
        ({"usd_per_million_chars": 0.0}, 0.0),
    ],
)
def test_who_sends_the_bill_decides_what_it_costs(settings: dict[str, object], usd: float) -> None:
    assert OpenAIBackend(OpenAISettings.model_validate(settings)).traits.usd_per_million_chars == usd
