"""Anything may be sent as a recording."""

import gzip
import io
import random
import struct
import zipfile
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from danmu_tts.adapters.audio.reference_audio import RecordingExaminer
from danmu_tts.ports.reference_voices import FitRecording, UnfitRecording
from tests.builders.recordings import (
    RATE_HZ,
    Samples,
    horn,
    motor,
    noise,
    silence,
    sound_file,
    speech,
    spoken_wav,
    tone,
)


def fit(data: bytes) -> tuple[Samples, FitRecording]:
    found = RecordingExaminer().examine(data)
    assert isinstance(found, FitRecording), found
    samples, rate_hz = soundfile.read(io.BytesIO(found.wav), dtype="float32")
    assert (rate_hz, samples.ndim, soundfile.info(io.BytesIO(found.wav)).subtype) == (24_000, 1, "PCM_16")
    return samples, found


def refused(data: bytes) -> str:
    found = RecordingExaminer().examine(data)
    assert isinstance(found, UnfitRecording)
    return found.reason


KINDS = [("WAV", None), ("WAV", "FLOAT"), ("FLAC", None), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None)]


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
def test_speech_in_any_of_the_formats_is_taken(kind: str, subtype: str | None) -> None:
    at_48_khz = soxr.resample(speech(), RATE_HZ, 48_000)
    samples, found = fit(sound_file(at_48_khz, 48_000, kind, subtype))
    assert 5000 < found.duration_ms < 5700
    assert found.duration_ms == samples.size * 1000 // 24_000
    assert 0.69 < np.abs(samples).max() <= 0.71


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 96_000, 192_000])
def test_the_result_has_one_rate_whatever_came(rate_hz: int) -> None:
    fit(sound_file(soxr.resample(speech(), RATE_HZ, rate_hz), rate_hz))


def test_the_same_recording_is_the_same_voice() -> None:
    assert fit(spoken_wav())[1] == fit(spoken_wav())[1]


def test_silence_around_it_is_cut_off() -> None:
    padded = np.concatenate([silence(8), speech(), silence(9)])
    assert abs(fit(sound_file(padded))[1].duration_ms - fit(spoken_wav())[1].duration_ms) <= 100


def test_channels_are_mixed() -> None:
    stereo = np.stack([speech(), silence(speech().size / RATE_HZ)[: speech().size]], axis=1)
    assert abs(fit(sound_file(stereo))[1].duration_ms - fit(spoken_wav())[1].duration_ms) <= 100


@pytest.mark.parametrize(
    "changed",
    [
        lambda samples: samples * 0.02,
        lambda samples: samples * 0.5 + 0.3,
        lambda samples: samples + noise(samples.size / RATE_HZ)[: samples.size] * 0.2,
        lambda samples: soxr.resample(soxr.resample(samples, RATE_HZ, 8000), 8000, RATE_HZ),
    ],
    ids=["faint", "off centre", "in a noisy room", "over a telephone"],
)
def test_a_poor_recording_of_speech_is_speech(changed: Any) -> None:
    fit(sound_file(changed(speech())))


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("voice.wav", spoken_wav())
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "looks_like"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><title>404</title>", "an HTML page"),
        (b"\xef\xbb\xbf \n<html>", "an HTML page"),
        (b'{"error": "no"}', "JSON"),
        (zipped, "a ZIP archive"),
        (lambda: gzip.compress(spoken_wav()), "a gzip archive"),
        (b"\x00\x00\x00\x20ftypM4A " + bytes(100), "MP4 or M4A"),
        (b"\x1a\x45\xdf\xa3" + bytes(100), "WebM or Matroska"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"hello there", "text"),
        (random.Random(1).randbytes(5000), "something unknown"),
        (lambda: sound_file(tone(5), kind="AIFF"), "AIFF"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_audio_is_called_by_its_name(data: bytes | Callable[[], bytes], looks_like: str) -> None:
    reason = f"This is {looks_like}, not audio in WAV, FLAC, Ogg or MP3."
    assert refused(data() if callable(data) else data) == reason


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (lambda: speech()[: RATE_HZ // 20], "It is 0.05 s long; 3 to 30 s are needed."),
        (lambda: silence(10), "It is silent, or nearly so."),
        (lambda: noise(10) * 0.001, "It is silent, or nearly so."),
        (
            lambda: np.concatenate([silence(5), speech()[: 2 * RATE_HZ], silence(5)]),
            "without the silence around",
        ),
        (lambda: np.tile(speech(), 6), "3 to 30 s are needed"),
        (lambda: np.clip(speech() * 8, -1, 1) * 0.3, "clipped"),
        (lambda: noise(10), "No speech"),
        (lambda: tone(10), "No speech"),
        (lambda: np.sign(tone(10)) * 0.3, "No speech"),
        (lambda: noise(10) * (tone(10, 4) > 0), "No speech"),
        (lambda: tone(10) * (tone(10, 2) > 0), "No speech"),
        (lambda: np.concatenate([np.append(tone(0.3, hz), silence(0.1)) for hz in (200, 300) * 15]), "No speech"),
        (lambda: horn(10) * (tone(10, 2) > 0), "No speech"),
        (lambda: motor(10), "No speech"),
        (lambda: np.concatenate([tone(0.4, hz) for hz in (262, 294, 330, 349, 392, 330, 294) * 4]), "No speech"),
    ],
    ids=[
        "short",
        "silent",
        "hiss",
        "little",
        "long",
        "clipped",
        "noise",
        "tone",
        "square",
        "bursts",
        "beeps",
        "alarm",
        "horn",
        "motor",
        "tune",
    ],
)
def test_what_is_no_use_is_refused_with_the_reason(samples: Callable[[], Samples], reason: str) -> None:
    assert reason in refused(sound_file(samples()))


@pytest.mark.parametrize(("kind", "subtype"), [("WAV", None), ("WAV", "FLOAT"), ("FLAC", None), ("MP3", None)])
@pytest.mark.parametrize("left", [0.5, 0.9])
def test_a_file_that_is_cut_off_says_so(kind: str, subtype: str | None, left: float) -> None:
    data = sound_file(speech(), kind=kind, subtype=subtype)
    assert "cut off" in refused(data[: int(len(data) * left)])


def wav_header(data_bytes: int, *, channels: int = 1, rate_hz: int = RATE_HZ) -> bytes:
    block = channels * 2 & 0xFFFF
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate_hz, rate_hz * block & 0xFFFFFFFF, block, 16)
    return b"RIFF\xff\xff\xff\xffWAVE" + head + struct.pack("<4sI", b"data", data_bytes)


def test_a_header_that_promises_more_than_there_is_is_not_believed() -> None:
    body = spoken_wav()[44:]
    assert "cut off" in refused(wav_header(1_000_000_000) + body)
    assert fit(wav_header(0xFFFFFFFF) + body)[1].duration_ms == fit(spoken_wav())[1].duration_ms


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (wav_header(200_000, rate_hz=1), "samples a second"),
        (wav_header(200_000, rate_hz=8000), "16,000 to 192,000 are needed"),
        (wav_header(200_000, rate_hz=0xFFFFFFFF), ""),
        (wav_header(200_000, channels=64), "64 channels"),
        (wav_header(200_000, channels=0), ""),
        (b"RIFF\x24\x00\x00\x00WAVE", "no sound in it"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \xff\xff\xff\xff", "no sound in it"),
    ],
)
def test_absurd_headers_are_refused(header: bytes, reason: str) -> None:
    assert reason in refused(header + bytes(200_000) if b"data" in header else header)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -32768])
def test_values_that_are_no_sound_are_refused(value: float) -> None:
    samples = speech().copy()
    samples[1000] = value
    assert "no sound" in refused(sound_file(samples, subtype="FLOAT"))


def test_hours_in_a_small_file_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = sound_file(np.zeros(3600 * 16_000, np.int16), 16_000, "FLAC")
    assert len(hours) < 1_000_000
    decoded = count_frames(monkeypatch)
    assert refused(hours) == "It is 3,600.00 s long; 3 to 30 s are needed."
    assert sum(decoded) == 0


def test_a_header_that_hides_the_hours_does_not_help(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = bytearray(sound_file(np.zeros(600 * 16_000, np.int16), 16_000, "FLAC"))
    hours[21] &= 0xF0  # the 36 bits of the number of samples in STREAMINFO; 0 is "unknown"
    hours[22:26] = bytes(4)
    decoded = count_frames(monkeypatch)
    assert "longer than 60 s" in refused(bytes(hours))
    assert sum(decoded) < 70 * 16_000


def count_frames(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    decoded: list[int] = []
    read = soundfile.SoundFile.read

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        block = read(self, *args, **kwargs)
        decoded.append(len(block))
        return block

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    return decoded


@cache
def a_file(number: int) -> bytes:
    kind, subtype = KINDS[number]
    return sound_file(soxr.resample(speech()[: 4 * RATE_HZ], RATE_HZ, 24_000), 24_000, kind, subtype)


@settings(max_examples=60)
@given(st.integers(0, len(KINDS) - 1), st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_file_is_judged_and_breaks_nothing(number: int, at: int, put: bytes) -> None:
    data = a_file(number)
    damaged = data[:at] + put + data[at + len(put) :]
    assert isinstance(RecordingExaminer().examine(damaged), FitRecording | UnfitRecording)


BEGINNINGS = [b"", b"RIFF\x00\x00\x00\x00WAVE", b"fLaC", b"OggS", b"ID3", b"\xff\xfb"]


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=500))
def test_no_bytes_break_it(begin: bytes, rest: bytes) -> None:
    assert isinstance(RecordingExaminer().examine(begin + rest), UnfitRecording)
