"""What every engine promises, whether it has a GPU, a CPU, or only plays one."""

import hashlib
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from gpu_service.ports import Engine, Line, LineError, Reference, Samples
from gpu_service.wav import wav_file

TEXTS = ("Hello there, my friend.", "How are you today?", "See you soon.")


def line(text: str = TEXTS[0], seed: int = 1, **changes: object) -> Line:
    fields: dict[str, object] = {"parts": (text,), "language": "en", "speaker": "ana-florence", "seed": seed}
    return Line(**(fields | changes))  # type: ignore[arg-type]


def sound_of(engine: Engine, *lines: Line) -> list[Samples]:
    said = engine.speak(lines)
    assert not [one for one in said if isinstance(one, LineError)]
    return [one for one in said if not isinstance(one, LineError)]


def reason_of(engine: Engine, bad: Line) -> str:
    good, failed = engine.speak([line(), bad])
    assert not isinstance(good, LineError), "another one in the same batch can be said"
    assert isinstance(failed, LineError)
    return failed.reason


class EnginePromises:
    """Inherit, with a fixture ``engine`` that has the speaker ``ana-florence``."""

    def test_it_has_a_rate_and_speakers(self, engine: Engine) -> None:
        assert 8000 <= engine.sample_rate_hz <= 96_000
        assert "ana-florence" in engine.speakers

    def test_each_line_has_a_sound_in_order(self, engine: Engine) -> None:
        alone = [sound_of(engine, line(text))[0] for text in TEXTS]
        together = sound_of(engine, *map(line, TEXTS))
        for one, other in zip(alone, together, strict=True):
            assert one.dtype == other.dtype == np.float32
            assert one.ndim == 1
            assert np.abs(one).max() <= 1
            assert len(one) == len(other)
        assert any(len(one) != len(other) for one, other in pairwise(together))

    def test_the_same_seed_is_the_same_sound(self, engine: Engine) -> None:
        np.testing.assert_array_equal(sound_of(engine, line(seed=7))[0], sound_of(engine, line(seed=7))[0])

    def test_nothing_to_say_in_no_time(self, engine: Engine) -> None:
        assert engine.speak([]) == []

    def test_it_says_how_many_go_together(self, engine: Engine) -> None:
        assert 1 <= engine.most_rows([line()] * 4) <= 4

    def test_a_faster_line_is_shorter(self, engine: Engine) -> None:
        slow, fast = sound_of(engine, line(tempo=1.0), line(tempo=2.0))
        assert len(fast) < 0.7 * len(slow)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"speaker": "nobody-known"}, "unknown_voice"),
            ({"language": "tlh"}, "unknown_language"),
            ({"parts": ("…",)}, "nothing_to_say"),
            ({"reference": Reference("0" * 64, b"no sound")}, "bad_reference"),
            ({"reference": Reference("1" * 64, None)}, "bad_reference"),
        ],
    )
    def test_a_line_that_cannot_be_said_has_a_reason(
        self, engine: Engine, changes: dict[str, Any], reason: str
    ) -> None:
        assert reason_of(engine, line(**changes)) == reason

    def test_a_stream_is_a_sound_in_pieces(self, engine: Engine) -> None:
        pieces = list(engine.stream(line()))
        assert all(piece.dtype == np.float32 and piece.ndim == 1 for piece in pieces)
        assert sum(map(len, pieces)) > 0.05 * engine.sample_rate_hz

    def test_a_stream_that_cannot_begin_says_why(self, engine: Engine) -> None:
        with pytest.raises(LineError) as caught:
            next(iter(engine.stream(line(speaker="nobody-known"))))
        assert caught.value.reason == "unknown_voice"

    def test_a_stream_that_is_left_leaves_the_engine_to_others(self, engine: Engine) -> None:
        stream = engine.stream(line())
        next(iter(stream))
        close = getattr(stream, "close", None)
        if close:
            close()
        assert sound_of(engine, line())

    def test_a_recording_is_needed_once(self, engine: Engine) -> None:
        seconds = np.arange(3 * 22_050) / 22_050
        wav = wav_file((0.3 * np.sin(2 * np.pi * 180 * seconds)).astype(np.float32), 22_050)
        sha256 = hashlib.sha256(wav).hexdigest()
        assert not engine.has_latents(sha256)
        assert len(sound_of(engine, line(reference=Reference(sha256, wav)))[0])
        assert engine.has_latents(sha256)
        assert len(sound_of(engine, line(reference=Reference(sha256, None)))[0])

    def test_its_figures_are_numbers_with_names_that_metrics_may_have(self, engine: Engine) -> None:
        for name, value in engine.figures().items():
            assert name.replace("_", "").isalnum()
            assert value == float(value)
