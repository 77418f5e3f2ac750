from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from danmu_tts.adapters.backends.loudness import Loudness

RATE_HZ = 16_000
FULL = 32767
Samples = NDArray[np.float32]


def tone(*peaks: float, seconds: float = 0.2) -> Samples:
    wave = np.sin(np.arange(round(RATE_HZ * seconds)) * (2 * np.pi * 200 / RATE_HZ))
    return np.concatenate([wave * peak for peak in peaks]).astype(np.float32)


def heard(loudness: Loudness, samples: Samples) -> NDArray[np.float64]:
    return np.frombuffer(loudness.pcm(samples, RATE_HZ), "<i2") / FULL


def peak(samples: NDArray[np.float64]) -> float:
    return float(np.abs(samples).max())


def test_a_quiet_beginning_is_not_raised_to_the_peak() -> None:
    loudness = Loudness(usual_peak=0.45)
    assert peak(heard(loudness, tone(0.01))) == pytest.approx(0.02, abs=1e-3)
    assert peak(heard(loudness, tone(0.4))) == pytest.approx(0.8, abs=1e-3)


def test_what_is_louder_than_usual_is_turned_down_only_while_it_lasts() -> None:
    sound = heard(Loudness(usual_peak=0.45), tone(0.3, 0.9, 0.3))
    before, loud, after = np.split(sound, 3)
    assert peak(loud) == pytest.approx(0.9, abs=0.01)
    assert peak(before[: before.size // 2]) == pytest.approx(0.6, abs=0.01)
    assert peak(after[after.size // 2 :]) == pytest.approx(0.6, abs=0.01)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.05, 1))
def test_nothing_ever_reaches_full_scale(peaks: list[float], usual: float) -> None:
    loudness = Loudness(usual)
    assert all(peak(heard(loudness, tone(each))) <= 1 for each in peaks)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_the_level_has_no_step_where_two_windows_meet(peaks: list[float]) -> None:
    """A constant swing shows the gain itself: it may not move faster than in 20 ms from one level to another."""
    loudness = Loudness(usual_peak=0.45)
    windows = [np.full(RATE_HZ // 10, each, np.float32) for each in peaks]
    gains = [heard(loudness, window) / max(each, 1e-6) for window, each in zip(windows, peaks, strict=True)]
    for (one, left), (other, right) in pairwise(zip(gains, peaks, strict=True)):
        if min(left, right) > 0.1 and max(left, right) < 0.45:
            assert abs(other[0] - one[-1]) < 0.01


def test_without_a_usual_peak_the_first_samples_set_the_gain() -> None:
    loudness = Loudness(None)
    assert [peak(heard(loudness, tone(each))) for each in (0.2, 0.1, 0.8, 0.2)] == pytest.approx(
        [0.9, 0.45, 0.9, 0.225], abs=1e-3
    )


@pytest.mark.parametrize("usual", [None, 0.5])
def test_no_samples_are_no_bytes(usual: float | None) -> None:
    assert Loudness(usual).pcm(np.zeros(0, np.float32), RATE_HZ) == b""
