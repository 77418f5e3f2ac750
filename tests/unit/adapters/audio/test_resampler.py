import pytest

from danmu_tts.adapters.audio.resampler import Resampler
from tests.builders.sound import sine


def test_samples_pass_untouched_where_nothing_is_to_be_done() -> None:
    resampler, pcm = Resampler(24_000, 24_000, 1.0), sine(0.1)
    assert resampler.write(pcm) is pcm
    assert resampler.finish() == b""


def test_gain_alone_keeps_the_number_of_samples() -> None:
    resampler, pcm = Resampler(24_000, 24_000, 0.5), sine(0.1)
    assert len(resampler.write(pcm) + resampler.finish()) == len(pcm)


@pytest.mark.parametrize("source_rate_hz", [16_000, 22_050, 27_781.3, 48_000])
def test_the_end_is_not_held_back(source_rate_hz: float) -> None:
    resampler = Resampler(source_rate_hz, 24_000, 1.0)
    pcm = sine(1.0, rate_hz=round(source_rate_hz))
    assert len(resampler.write(pcm) + resampler.finish()) / 2 == pytest.approx(24_000, rel=0.001)
