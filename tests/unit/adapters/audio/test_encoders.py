import io
import re
import sys
import wave

import pytest

from danmu_tts.adapters.audio.encoders import Encoders
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.errors import UnsupportedFormatError
from tests.builders.sound import decode, loudest_frequency_hz, rms, sine

SOURCE_RATE_HZ = 22_050
STEP_BYTES = 4410
PITCH_UP = 2 ** (4 / 12)


def encoded(
    audio_format: AudioFormat, pcm: bytes, *, volume: float = 1.0, pitch_ratio: float = 1.0, step: int = STEP_BYTES
) -> tuple[bytes, int]:
    encoder = Encoders().open(audio_format, SOURCE_RATE_HZ, volume=volume, pitch_ratio=pitch_ratio)
    written = [encoder.write(pcm[start : start + step]) for start in range(0, len(pcm), step)]
    return b"".join([*written, encoder.finish()]), encoder.sample_rate_hz


@pytest.mark.parametrize("audio_format", AudioFormat)
def test_another_decoder_hears_the_same_tone_for_as_long(audio_format: AudioFormat) -> None:
    audio, stated_rate_hz = encoded(audio_format, sine(1.5))
    samples, rate_hz = decode(audio, audio_format)
    played_rate_hz = 48_000 if audio_format is AudioFormat.OPUS and rate_hz == 48_000 else stated_rate_hz
    assert rate_hz == played_rate_hz
    assert len(samples) / rate_hz == pytest.approx(1.5, rel=0.1)
    assert loudest_frequency_hz(samples, rate_hz) == pytest.approx(440, abs=3)
    assert rms(samples) == pytest.approx(0.5 / 2**0.5, rel=0.1)


@pytest.mark.parametrize("audio_format", AudioFormat)
def test_only_openai_pcm_and_opus_change_the_rate_of_the_voice(audio_format: AudioFormat) -> None:
    fixed = {AudioFormat.PCM: 24_000, AudioFormat.OPUS: 24_000}
    encoder = Encoders().open(audio_format, SOURCE_RATE_HZ, volume=1, pitch_ratio=1)
    encoder.finish()
    assert encoder.sample_rate_hz == fixed.get(audio_format, SOURCE_RATE_HZ)


def test_wav_states_exactly_what_it_holds() -> None:
    pcm = sine(0.5)
    audio, _ = encoded(AudioFormat.WAV, pcm)
    assert (audio[:4], audio[8:16]) == (b"RIFF", b"WAVEfmt ")
    assert int.from_bytes(audio[4:8], "little") == len(audio) - 8
    with wave.open(io.BytesIO(audio)) as file:
        assert file.getparams()[:4] == (1, 2, SOURCE_RATE_HZ, len(pcm) // 2)
        assert file.readframes(file.getnframes()) == pcm


def test_pcm_is_resampled_to_24_khz() -> None:
    audio, _ = encoded(AudioFormat.PCM, sine(2.0))
    assert len(audio) / 2 == pytest.approx(2.0 * 24_000, rel=0.01)


def test_resampling_does_not_hear_where_the_pieces_were_cut() -> None:
    pcm = sine(0.5)
    pieces, _ = decode(encoded(AudioFormat.PCM, pcm, step=1234)[0], AudioFormat.PCM)
    whole, _ = decode(encoded(AudioFormat.PCM, pcm, step=len(pcm))[0], AudioFormat.PCM)
    assert pieces == pytest.approx(whole, abs=2 / 32768)


def test_flac_is_lossless() -> None:
    pcm = sine(0.5)
    samples, _ = decode(encoded(AudioFormat.FLAC, pcm)[0], AudioFormat.FLAC)
    assert (samples * 32768).astype("<i2").tobytes() == pcm


def test_half_the_volume_is_half_the_rms() -> None:
    full, _ = decode(encoded(AudioFormat.WAV, sine())[0], AudioFormat.WAV)
    half, _ = decode(encoded(AudioFormat.WAV, sine(), volume=0.5)[0], AudioFormat.WAV)
    assert rms(half) == pytest.approx(rms(full) / 2, rel=0.01)


@pytest.mark.parametrize("volume", [2, 2.0])
def test_too_much_volume_clips_and_does_not_wrap(volume: float) -> None:
    loud, _ = decode(encoded(AudioFormat.WAV, sine(hz=100, amplitude=0.9), volume=volume)[0], AudioFormat.WAV)
    assert max(abs(loud[1:] - loud[:-1])) < 0.1


def test_no_volume_is_silence() -> None:
    silent, _ = decode(encoded(AudioFormat.WAV, sine(), volume=0)[0], AudioFormat.WAV)
    assert rms(silent) == 0


@pytest.mark.parametrize(("pitch_ratio", "heard_hz"), [(PITCH_UP, 554.4), (2.0, 880), (0.5, 220)])
def test_pitch_moves_the_tone_and_shortens_by_the_same_ratio(pitch_ratio: float, heard_hz: float) -> None:
    audio, _ = encoded(AudioFormat.WAV, sine(2.0), pitch_ratio=pitch_ratio)
    samples, rate_hz = decode(audio, AudioFormat.WAV)
    assert loudest_frequency_hz(samples, rate_hz) == pytest.approx(heard_hz, abs=2)
    assert len(samples) / rate_hz == pytest.approx(2.0 / pitch_ratio, rel=0.01)


@pytest.mark.parametrize("audio_format", [AudioFormat.MP3, AudioFormat.PCM])
def test_a_streaming_format_gives_bytes_before_the_end(audio_format: AudioFormat) -> None:
    encoder = Encoders().open(audio_format, SOURCE_RATE_HZ, volume=1, pitch_ratio=1)
    assert encoder.write(sine())
    encoder.finish()


def test_mp3_keeps_to_its_bit_rate() -> None:
    encoder = Encoders(mp3_bitrate_kbps=32).open(AudioFormat.MP3, SOURCE_RATE_HZ, volume=1, pitch_ratio=1)
    audio = encoder.write(sine(4.0)) + encoder.finish()
    assert len(audio) * 8 / 4.0 == pytest.approx(32_000, rel=0.05)


@pytest.mark.parametrize("audio_format", AudioFormat)
@pytest.mark.parametrize("pitch_ratio", [1.0, PITCH_UP])
def test_an_utterance_without_samples_can_be_finished(audio_format: AudioFormat, pitch_ratio: float) -> None:
    assert isinstance(encoded(audio_format, b"", pitch_ratio=pitch_ratio)[0], bytes)


@pytest.mark.parametrize(
    ("audio_format", "library", "package"),
    [
        (AudioFormat.AAC, "av", "danmu-tts[aac]"),
        (AudioFormat.MP3, "lameenc", "danmu-tts"),
        (AudioFormat.OPUS, "soundfile", "danmu-tts"),
    ],
)
def test_a_missing_library_is_named_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, audio_format: AudioFormat, library: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UnsupportedFormatError, match=re.escape(f"pip install '{package}'")) as caught:
        Encoders().open(audio_format, SOURCE_RATE_HZ, volume=1, pitch_ratio=1)
    assert caught.value.param == "format"


def test_a_missing_library_leaves_the_other_formats_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert encoded(AudioFormat.WAV, sine(0.1))[0]
