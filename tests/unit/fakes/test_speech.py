"""What the fakes say."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.fakes.speech import MS_PER_CHAR, Speech, hum, piper_speech
from tests.unit.fakes.heard import about, seconds_of

TEXT = "Don't panic, 你好！ Ok?"


def loudness_of(speech: Speech, parts: int) -> list[float]:
    samples = np.frombuffer(speech.pcm, "<i2").astype(float) / 32768
    return [float(np.sqrt(np.mean(np.square(part)))) for part in np.array_split(samples, parts)]


def test_a_hum_has_its_length_and_swells() -> None:
    speech = hum(TEXT, 1.0)
    assert speech.duration_ms == len(TEXT) * MS_PER_CHAR
    loudness = loudness_of(speech, 20)
    assert 0.1 < min(loudness) < max(loudness) * 0.8


@pytest.mark.parametrize("say", [hum, piper_speech])
def test_a_higher_tempo_takes_less_time(say: Callable[[str, float], Speech]) -> None:
    # The engine rounds every sound up to whole frames.
    assert say(TEXT, 2.0).duration_ms == pytest.approx(say(TEXT, 1.0).duration_ms / 2, rel=0.25)


@pytest.mark.parametrize("say", [hum, piper_speech])
def test_each_format_is_the_same_speech(say: Callable[[str, float], Speech]) -> None:
    speech = say(TEXT, 1.0)
    seconds = speech.duration_ms / 1000
    assert seconds_of(speech.wav) == pytest.approx(seconds, abs=0.001)
    assert seconds_of(speech.mp3) == about(seconds)
    assert len(speech.mp3) * 8 / 48_000 == about(seconds)
    assert len(speech.mp3_at(96)) * 8 / 96_000 == about(seconds)


@pytest.mark.parametrize("say", [hum, piper_speech])
def test_words_share_the_time_by_their_letters(say: Callable[[str, float], Speech]) -> None:
    speech = say(TEXT, 1.0)
    assert [word.text for word in speech.words] == ["Don't", "panic", "你", "好", "Ok"]
    assert speech.words[0].offset_ms == 0
    for word, following in zip(speech.words, speech.words[1:], strict=False):
        assert word.offset_ms + word.duration_ms == following.offset_ms
    last = speech.words[-1]
    assert last.offset_ms + last.duration_ms == pytest.approx(speech.duration_ms, abs=1)
    assert speech.words[0].duration_ms == pytest.approx(5 * speech.words[2].duration_ms, abs=5)


def test_sentences_are_heard_with_their_words() -> None:
    sentences = hum(TEXT, 1.0).sentences
    assert [sentence.text for sentence in sentences] == ["Don't panic, 你好！", "Ok?"]
    assert sentences[1].offset_ms == hum(TEXT, 1.0).words[4].offset_ms


@pytest.mark.parametrize("say", [hum, piper_speech])
@pytest.mark.parametrize("text", ["", "……！", "🎉"])
def test_nothing_to_pronounce_is_no_audio(say: Callable[[str, float], Speech], text: str) -> None:
    speech = say(text, 1.0)
    assert (speech.pcm, speech.mp3, speech.words, speech.sentences) == (b"", b"", (), ())
