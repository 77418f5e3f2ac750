import math

import numpy as np
import pytest

from danmu_tts.adapters.audio.gated_loudness import SILENT_LUFS, as_loud_as, gated_loudness
from tests.builders.sound import Samples

# A sine of full scale in one channel: ITU-R BS.1770-5, annex 1.
FULL_SCALE_LUFS = -3.01
# The standard's two filters at 48 kHz, numerators and denominators: annex 1, tables 1 and 2.
SHELF = (1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585)
HIGH_PASS = (1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)


def tone(seconds: float, *, level_db: float = 0.0, hz: float = 997, rate_hz: int = 16_000) -> Samples:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.asarray(10 ** (level_db / 20) * np.sin(2 * np.pi * hz * time_s))


def noise(seconds: float, rate_hz: int, level: float = 0.1) -> Samples:
    return np.random.default_rng(5).normal(0, level, round(seconds * rate_hz))


def recursed(samples: Samples, filter_: tuple[tuple[float, ...], tuple[float, ...]]) -> Samples:
    """A filter sample by sample, as the standard draws it."""
    (b0, b1, b2), (a1, a2) = filter_
    held, before, given = 0.0, 0.0, []
    for sample in samples:
        now = float(sample) - a1 * held - a2 * before
        given.append(b0 * now + b1 * held + b2 * before)
        held, before = now, held
    return np.array(given)


def swinging(rate_hz: int) -> Samples:
    """Ten beats a second that swing far and last short, so that raising them takes more than a gain."""
    beat = 0.5 * np.exp(-np.arange(rate_hz // 10) / (rate_hz * 0.02)) * tone(0.1, hz=400, rate_hz=rate_hz)
    return np.tile(beat, 20)


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_a_full_scale_sine_has_the_standards_loudness_at_every_rate(rate_hz: int) -> None:
    assert gated_loudness(tone(2, rate_hz=rate_hz), rate_hz) == pytest.approx(FULL_SCALE_LUFS, abs=0.05)


@pytest.mark.parametrize("level", [0.01, 0.1])
def test_a_block_is_weighted_as_the_standards_table_does(level: float) -> None:
    samples = noise(0.4, 48_000, level)
    weighted = recursed(recursed(samples, SHELF), HIGH_PASS)
    expected = -0.691 + 10 * math.log10(np.mean(weighted**2))
    assert gated_loudness(samples, 48_000) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000])
@pytest.mark.parametrize("hz", [30, 100, 500, 2000, 3000])
def test_a_tone_is_weighted_alike_at_every_rate(rate_hz: int, hz: float) -> None:
    expected = gated_loudness(tone(2, hz=hz, rate_hz=48_000), 48_000)
    assert gated_loudness(tone(2, hz=hz, rate_hz=rate_hz), rate_hz) == pytest.approx(expected, abs=0.3)


@pytest.mark.parametrize(
    "parts",
    [
        [(-23, 20)],
        [(-36, 10), (-23, 60), (-36, 10)],
        [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
        [(-26, 20), (-20, 20.1), (-26, 20)],
    ],
)
def test_measures_ebus_signals_as_a_meter_must(parts: list[tuple[float, float]]) -> None:
    """EBU Tech 3341, cases 1 and 3 to 5: -23 LUFS within 0.1 in two channels, which is 3.01 less in one."""
    samples = np.concatenate([tone(seconds, level_db=level_db, hz=1000) for level_db, seconds in parts])
    assert gated_loudness(samples, 16_000) == pytest.approx(-23 - 3.01, abs=0.1)


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.399])
def test_what_is_shorter_than_a_block_is_one_block(seconds: float) -> None:
    assert gated_loudness(tone(seconds, level_db=-20), 16_000) == pytest.approx(FULL_SCALE_LUFS - 20, abs=0.5)


def test_a_block_begins_every_100_ms() -> None:
    """Half of the first block sounds, three quarters of the second, and all of the third."""
    samples = np.concatenate([np.zeros(3200), tone(0.4)])
    expected = FULL_SCALE_LUFS + 10 * math.log10((0.5 + 0.75 + 1) / 3)
    assert gated_loudness(samples, 16_000) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(("level_db", "is_heard"), [(-66, True), (-68, False)])
def test_nothing_below_the_absolute_gate_is_heard(level_db: float, is_heard: bool) -> None:
    assert (gated_loudness(tone(1, level_db=level_db), 16_000) > SILENT_LUFS) is is_heard


@pytest.mark.parametrize("samples", [0, 1, 100, 100_000])
def test_silence_and_nothing_are_silent(samples: int) -> None:
    assert gated_loudness(np.zeros(samples), 24_000) == SILENT_LUFS


@pytest.mark.parametrize("samples", range(4400, 4420))
def test_any_length_can_be_measured_at_a_rate_whose_blocks_have_no_whole_length(samples: int) -> None:
    assert gated_loudness(noise(1, 11_025)[: samples + 1103], 11_025) == pytest.approx(-17.5, abs=0.5)


def test_a_constant_offset_is_not_heard() -> None:
    samples = tone(2, level_db=-20)
    assert gated_loudness(samples + 0.3, 16_000) == pytest.approx(gated_loudness(samples, 16_000), abs=0.5)


@pytest.mark.parametrize("lufs", [-40, -23, -14])
@pytest.mark.parametrize("level", [0.003, 0.1, 0.3])
def test_is_made_as_loud_as_asked_for(lufs: float, level: float) -> None:
    samples = noise(1, 24_000, level)
    assert gated_loudness(as_loud_as(samples, 24_000, lufs), 24_000) == pytest.approx(lufs, abs=0.5)


def test_what_would_clip_is_turned_down_and_is_as_loud_all_the_same() -> None:
    samples = swinging(24_000)
    wanted = gated_loudness(samples, 24_000) + 8
    assert np.abs(samples).max() * 10 ** (8 / 20) > 1.1
    louder = as_loud_as(samples, 24_000, wanted)
    assert gated_loudness(louder, 24_000) == pytest.approx(wanted, abs=0.5)
    assert np.abs(louder).max() < 0.96


def test_it_is_turned_down_without_a_step() -> None:
    samples = swinging(24_000)
    louder = as_loud_as(samples, 24_000, gated_loudness(samples, 24_000) + 8)
    heard = np.abs(samples) > 0.01
    gains_db = 20 * np.log10(louder[heard] / samples[heard])
    neighbours = np.diff(np.flatnonzero(heard)) == 1
    assert np.ptp(gains_db) > 2
    assert np.abs(np.diff(gains_db))[neighbours].max() < 0.1


def test_what_cannot_be_that_loud_stays_within_full_scale() -> None:
    clicks = np.zeros(48_000)
    clicks[::4800] = 0.5
    louder = as_loud_as(clicks, 24_000, -10)
    assert 0.9 < np.abs(louder).max() < 0.96


@pytest.mark.parametrize("level", [0.0, 0.0003])
def test_noise_is_not_made_as_loud_as_speech(level: float) -> None:
    samples = noise(1, 24_000, level)
    assert as_loud_as(samples, 24_000, -20) is samples


@pytest.mark.parametrize("lufs", [SILENT_LUFS, -65])
def test_speech_is_not_made_as_quiet_as_noise(lufs: float) -> None:
    samples = noise(1, 24_000)
    assert as_loud_as(samples, 24_000, lufs) is samples
