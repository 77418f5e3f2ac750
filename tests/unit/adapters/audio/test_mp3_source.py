import lameenc
import pytest

from danmu_tts.adapters.audio.encoders import Encoders
from danmu_tts.domain import mp3
from danmu_tts.domain.audio import AudioEncoding, AudioFormat
from danmu_tts.domain.errors import BadAudioError
from tests.builders.sound import PCM_RATE_HZ, decode, loudest_frequency_hz, rms, sine

RATE_HZ = 24_000


def encoded(seconds: float = 0.5, rate_hz: int = RATE_HZ, hz: float = 440.0) -> bytes:
    """MP3 as a vendor sends it."""
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(rate_hz)
    encoder.set_out_sample_rate(rate_hz)
    encoder.set_channels(1)
    encoder.set_bit_rate(48)
    return bytes(encoder.encode(sine(seconds, rate_hz=rate_hz, hz=hz))) + bytes(encoder.flush())


MP3 = encoded()
MP3_S = mp3.duration_ms(MP3) / 1000


def made(
    audio_format: AudioFormat,
    source: bytes = MP3,
    *,
    rate_hz: int = RATE_HZ,
    volume: float = 1.0,
    pitch_ratio: float = 1.0,
) -> bytes:
    encoder = Encoders().open(audio_format, rate_hz, AudioEncoding.MP3, volume=volume, pitch_ratio=pitch_ratio)
    half = len(source) // 2
    return encoder.write(source[:half]) + encoder.write(source[half:]) + encoder.finish()


def test_mp3_that_is_asked_for_as_mp3_goes_through_byte_for_byte() -> None:
    encoder = Encoders().open(AudioFormat.MP3, RATE_HZ, AudioEncoding.MP3, volume=1, pitch_ratio=1)
    assert encoder.write(MP3[:100]) == MP3[:100]
    assert encoder.write(MP3[100:]) == MP3[100:]
    assert encoder.finish() == b""
    assert encoder.sample_rate_hz == RATE_HZ


@pytest.mark.parametrize("audio_format", [each for each in AudioFormat if each is not AudioFormat.MP3])
@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100])
def test_any_other_format_has_its_sound_and_its_length(audio_format: AudioFormat, rate_hz: int) -> None:
    source = encoded(rate_hz=rate_hz)
    samples, decoded_hz = decode(made(audio_format, source, rate_hz=rate_hz), audio_format)
    assert len(samples) / decoded_hz == pytest.approx(mp3.duration_ms(source) / 1000, abs=0.1)
    assert loudest_frequency_hz(samples, decoded_hz) == pytest.approx(440, abs=5)
    assert rms(samples) > 0.2


@pytest.mark.parametrize("audio_format", [AudioFormat.WAV, AudioFormat.FLAC])
def test_what_is_lossless_has_exactly_the_decoded_samples(audio_format: AudioFormat) -> None:
    original, _ = decode(MP3, AudioFormat.MP3)
    samples, decoded_hz = decode(made(audio_format), audio_format)
    assert decoded_hz == RATE_HZ
    assert len(samples) == len(original) == round(MP3_S * RATE_HZ)
    assert samples == pytest.approx(original, abs=2 / 32768)


def test_the_rate_of_what_comes_out_is_the_targets() -> None:
    encoder = Encoders().open(AudioFormat.PCM, 44_100, AudioEncoding.MP3, volume=1, pitch_ratio=1)
    assert encoder.sample_rate_hz == PCM_RATE_HZ


def test_another_volume_is_another_mp3() -> None:
    quiet = made(AudioFormat.MP3, volume=0.5)
    assert quiet != MP3
    original, _ = decode(MP3, AudioFormat.MP3)
    samples, _ = decode(quiet, AudioFormat.MP3)
    assert rms(samples) == pytest.approx(rms(original) / 2, rel=0.1)


def test_another_pitch_is_another_mp3() -> None:
    higher = made(AudioFormat.MP3, pitch_ratio=2)
    samples, rate_hz = decode(higher, AudioFormat.MP3)
    assert loudest_frequency_hz(samples, rate_hz) == pytest.approx(880, abs=10)
    assert len(samples) / rate_hz == pytest.approx(MP3_S / 2, abs=0.1)


@pytest.mark.parametrize("junk", [b"", b"<html>503</html>" * 20, b"\xff" * 4000, MP3[:10]])
@pytest.mark.parametrize("audio_format", [AudioFormat.WAV, AudioFormat.OPUS, AudioFormat.MP3])
def test_what_cannot_be_decoded_is_bad_audio(junk: bytes, audio_format: AudioFormat) -> None:
    with pytest.raises(BadAudioError):
        made(audio_format, junk, volume=0.5)


def test_silence_is_decoded_too() -> None:
    samples, _ = decode(made(AudioFormat.WAV, encoded(hz=0)), AudioFormat.WAV)
    assert rms(samples) < 0.001
    assert len(samples) == round(MP3_S * RATE_HZ)
