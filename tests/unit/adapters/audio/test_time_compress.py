import numpy as np
import pytest

from danmu_tts.adapters.audio.time_compress import time_compress
from tests.builders.sound import Samples, loudest_frequency_hz, rms, sine

RATE_HZ = 22_050
FACTORS = [1.05, 1.2, 1.5, 1.8, 2.0]


def tone(seconds: float = 2.0, hz: float = 200) -> Samples:
    return np.frombuffer(sine(seconds, hz=hz, rate_hz=RATE_HZ), "<i2") / 32768


def middle(samples: Samples) -> Samples:
    """Without the tenth at each end, where the sound fades."""
    edge = len(samples) // 10
    return samples[edge:-edge]


@pytest.mark.parametrize("factor", FACTORS)
def test_lasts_so_many_times_shorter(factor: float) -> None:
    assert len(time_compress(tone(), RATE_HZ, factor)) / RATE_HZ == pytest.approx(2.0 / factor, abs=0.06)


@pytest.mark.parametrize("factor", FACTORS)
def test_keeps_its_pitch(factor: float) -> None:
    assert loudest_frequency_hz(time_compress(tone(), RATE_HZ, factor), RATE_HZ) == pytest.approx(200, abs=2)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("hz", [90, 200, 440])
def test_keeps_its_level(factor: float, hz: float) -> None:
    shorter = middle(time_compress(tone(hz=hz), RATE_HZ, factor))
    assert rms(shorter) == pytest.approx(rms(tone()), rel=0.05)
    assert abs(shorter).max() < 0.52


@pytest.mark.parametrize("factor", FACTORS)
def test_no_period_is_torn(factor: float) -> None:
    shorter = middle(time_compress(tone(), RATE_HZ, factor))
    assert abs(np.diff(shorter)).max() == pytest.approx(abs(np.diff(tone())).max(), rel=0.1)


@pytest.mark.parametrize("seconds", [0, 0.001, 0.03, 0.067])
def test_what_is_too_short_to_overlap_comes_back_unchanged(seconds: float) -> None:
    samples = tone(seconds)
    assert time_compress(samples, RATE_HZ, 2.0) is samples


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000])
@pytest.mark.parametrize("seconds", [0.07, 0.1, 0.1234])
@pytest.mark.parametrize("factor", FACTORS)
def test_any_length_at_any_rate_can_be_shortened(rate_hz: int, seconds: float, factor: float) -> None:
    samples = np.frombuffer(sine(seconds, rate_hz=rate_hz), "<i2") / 32768
    assert 0 < len(time_compress(samples, rate_hz, factor)) < len(samples)


def test_silence_stays_silent() -> None:
    assert rms(time_compress(np.zeros(RATE_HZ), RATE_HZ, 1.5)) == 0
