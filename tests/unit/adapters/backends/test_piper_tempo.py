from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from piper import SynthesisConfig

from danmu_tts.adapters.backends.piper_tempo import TempoModel

BASE = 1.25
POINTS = ((0.05, 0.2), (0.25, 0.4), (0.5, 0.6), (1.0, 1.0))
MODEL = TempoModel(BASE, POINTS)


@dataclass
class MetronomeVoice:
    """Speaks as many samples as a function of the length scale says, in two chunks."""

    samples_at: Callable[[float], float]
    config: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(length_scale=BASE))

    def synthesize(self, text: str, config: SynthesisConfig) -> Iterator[SimpleNamespace]:
        samples = round(self.samples_at(config.length_scale))
        for part in (samples // 3, samples - samples // 3):
            yield SimpleNamespace(audio_float_array=np.zeros(part, np.float32))


@pytest.mark.parametrize(("scale", "share"), POINTS)
def test_what_was_measured_is_found_again(scale: float, share: float) -> None:
    assert MODEL.scale_for(1 / share) == pytest.approx((scale * BASE, 1.0))


@pytest.mark.parametrize(("share", "scale"), [(0.3, 0.15), (0.5, 0.375), (0.8, 0.75)])
def test_between_two_measurements_lies_a_straight_line(share: float, scale: float) -> None:
    assert MODEL.scale_for(1 / share) == pytest.approx((scale * BASE, 1.0))


@pytest.mark.parametrize(("tempo", "scale"), [(0.5, 2.25), (0.25, 4.75)])
def test_slower_than_the_voice_the_last_line_goes_on(tempo: float, scale: float) -> None:
    assert MODEL.scale_for(tempo) == pytest.approx((scale * BASE, 1.0))


@pytest.mark.parametrize(("tempo", "too_long"), [(5.0, 1.0), (10.0, 2.0), (20.0, 4.0)])
def test_faster_than_the_voice_can_be_the_rest_is_left_over(tempo: float, too_long: float) -> None:
    assert MODEL.scale_for(tempo) == pytest.approx((0.05 * BASE, too_long))


@given(st.floats(0.1, 16), st.floats(0.1, 16))
def test_faster_is_never_a_longer_scale(one: float, other: float) -> None:
    slow, fast = sorted((one, other))
    assert MODEL.scale_for(fast)[0] <= MODEL.scale_for(slow)[0]
    assert MODEL.scale_for(fast)[1] >= MODEL.scale_for(slow)[1] >= 1


def test_measures_all_chunks_relative_to_the_voices_own_tempo() -> None:
    model = TempoModel.measure(MetronomeVoice(lambda scale: 4000 + 16_000 * scale / BASE))
    assert model.base_scale == BASE
    assert np.array(model.points) == pytest.approx(np.array([(0.05, 0.24), (0.25, 0.4), (0.5, 0.6), (1.0, 1.0)]))


def test_measures_without_chance() -> None:
    asked: list[SynthesisConfig] = []
    voice = MetronomeVoice(lambda scale: 1000 * scale)
    genuine = voice.synthesize

    def listen(text: str, config: SynthesisConfig) -> Iterator[SimpleNamespace]:
        asked.append(config)
        return genuine(text, config)

    voice.synthesize = listen  # type: ignore[method-assign]
    TempoModel.measure(voice)
    assert {(config.noise_scale, config.noise_w_scale) for config in asked} == {(0.0, 0.0)}


@pytest.mark.parametrize(
    "samples_at",
    [
        lambda scale: 8000 / scale,
        lambda scale: 8000,
        lambda scale: 0,
        lambda scale: 8000 * (scale == BASE),
        lambda scale: 8000 * (scale < BASE),
    ],
    ids=["shorter when slower", "always as long", "always silent", "silent when faster", "silent at its own tempo"],
)
@pytest.mark.parametrize("tempo", [0.5, 1.0, 2.0, 4.0])
def test_a_measurement_that_makes_no_sense_is_replaced_by_proportion(
    samples_at: Callable[[float], float], tempo: float
) -> None:
    assert TempoModel.measure(MetronomeVoice(samples_at)).scale_for(tempo) == pytest.approx((BASE / tempo, 1.0))
