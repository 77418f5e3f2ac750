import io

import lameenc
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.domain.mp3 import Frame, duration_ms, frame_at, frames
from tests.builders.sound import sine

MPEG_1_HZ = (32_000, 44_100, 48_000)
MPEG_2_HZ = (16_000, 22_050, 24_000)
MPEG_2_5_HZ = (8_000, 11_025, 12_000)


def mp3(rate_hz: int = 24_000, kbps: int = 48, seconds: float = 0.5) -> bytes:
    """What a real encoder makes."""
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(rate_hz)
    encoder.set_out_sample_rate(rate_hz)
    encoder.set_channels(1)
    encoder.set_bit_rate(kbps)
    return bytes(encoder.encode(sine(seconds, rate_hz=rate_hz))) + bytes(encoder.flush())


AUDIO = mp3()
SIZES = [frame.size for _, frame in frames(AUDIO)]


@pytest.mark.parametrize("rate_hz", [*MPEG_1_HZ, *MPEG_2_HZ, *MPEG_2_5_HZ])
@pytest.mark.parametrize("kbps", [32, 48, 64])
def test_it_lasts_as_long_as_a_decoder_says(rate_hz: int, kbps: int) -> None:
    audio = mp3(rate_hz, kbps)
    samples, decoded_hz = soundfile.read(io.BytesIO(audio))
    assert decoded_hz == rate_hz
    assert duration_ms(audio) == pytest.approx(len(samples) / rate_hz * 1000)


@pytest.mark.parametrize("rate_hz", [*MPEG_1_HZ, *MPEG_2_HZ, *MPEG_2_5_HZ])
def test_the_chain_of_frames_goes_from_the_first_byte_to_the_last(rate_hz: int) -> None:
    audio = mp3(rate_hz)
    chain = list(frames(audio))
    assert [start for start, _ in chain] == [sum(frame.size for _, frame in chain[:n]) for n in range(len(chain))]
    assert sum(frame.size for _, frame in chain) == len(audio)
    assert {frame.sample_rate_hz for _, frame in chain} == {rate_hz}
    assert {frame.samples for _, frame in chain} == {1152 if rate_hz in MPEG_1_HZ else 576}


@pytest.mark.parametrize(
    ("header", "frame"),
    [
        ("fff364c4", Frame(144, 576, 24_000)),  # Edge's 24 kHz at 48 kbit/s
        ("fffb9064", Frame(417, 1152, 44_100)),
        ("fffb9264", Frame(418, 1152, 44_100)),  # padded by a byte
        ("ffe318c4", Frame(72, 576, 8_000)),
    ],
)
def test_a_header_is_read_as_the_standard_says(header: str, frame: Frame) -> None:
    assert frame_at(bytes.fromhex(header), 0) == frame


@pytest.mark.parametrize(
    "header",
    [
        "",
        "fffb90",  # cut
        "fefb9064",  # no sync
        "ff1b9064",  # half a sync
        "ffeb9064",  # reserved version
        "fffd9064",  # layer II
        "ffff9064",  # layer I
        "fff99064",  # reserved layer
        "fffb0064",  # free bitrate, whose frames tell no size
        "fffbf064",  # bad bitrate
        "fffb9c64",  # reserved rate
    ],
)
def test_anything_else_is_no_frame(header: str) -> None:
    assert frame_at(bytes.fromhex(header), 0) is None


@pytest.mark.parametrize(
    "data", [b"", b"<html><body>503</body></html>", b'{"error": {}}', b"RIFF$\0\0\0WAVEfmt ", b"\0"]
)
def test_garbage_has_no_frame_and_lasts_no_time(data: bytes) -> None:
    assert list(frames(data)) == []
    assert duration_ms(data) == 0


@given(st.integers(0, len(AUDIO)))
def test_of_cut_audio_the_whole_frames_count(end: int) -> None:
    whole = sum(sum(SIZES[: n + 1]) <= end for n in range(len(SIZES)))
    assert [frame.size for _, frame in frames(AUDIO[:end])] == SIZES[:whole]
    assert duration_ms(AUDIO[:end]) == pytest.approx(whole * 24)


def test_the_chain_ends_at_the_first_byte_that_is_none_of_it() -> None:
    damaged = AUDIO[: sum(SIZES[:3])] + b"oops" + AUDIO[sum(SIZES[:3]) :]
    assert len(list(frames(damaged))) == 3


def test_a_frame_is_found_at_its_offset_in_a_buffer_that_grows() -> None:
    assert frame_at(bytearray(b"..." + AUDIO), 3) == frame_at(AUDIO, 0)
    assert frame_at(AUDIO, len(AUDIO)) is None


@given(st.binary(max_size=300))
def test_whatever_the_bytes_the_frames_are_inside_them(data: bytes) -> None:
    assert all(frame.size > 0 and start + frame.size <= len(data) for start, frame in frames(data))
