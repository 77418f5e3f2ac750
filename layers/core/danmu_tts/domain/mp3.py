"""Where the frames of an MP3 stream begin and how long they play (ISO/IEC 11172-3 and 13818-3, layer III)."""

from collections.abc import Iterator
from dataclasses import dataclass

SYNC = b"\xff"
"""What every frame begins with."""

_HEADER_BYTES = 4
_LAYER_III = 0b01
_MPEG_1 = 0b11
_RESERVED_VERSION = 0b01
_KBPS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = {0b11: (44_100, 48_000, 32_000), 0b10: (22_050, 24_000, 16_000), 0b00: (11_025, 12_000, 8_000)}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame's header.

    Attributes:
        size: bytes, header included.
        samples: how many it decodes to, a channel.
    """

    size: int
    samples: int
    sample_rate_hz: int


def frame_at(data: bytes | bytearray, start: int) -> Frame | None:
    """Read the header at an offset; None where there is none, or less than its four bytes."""
    header = data[start : start + _HEADER_BYTES]
    if len(header) < _HEADER_BYTES or header[0] != 0xFF or header[1] >> 5 != 0b111:
        return None
    version, layer = header[1] >> 3 & 0b11, header[1] >> 1 & 0b11
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 0b11, header[2] >> 1 & 1
    if version == _RESERVED_VERSION or layer != _LAYER_III or bitrate in (0, 15) or rate == 0b11:
        return None
    is_mpeg_1 = version == _MPEG_1
    rate_hz = _RATES_HZ[version][rate]
    samples = 1152 if is_mpeg_1 else 576
    return Frame(samples // 8 * _KBPS[is_mpeg_1][bitrate] * 1000 // rate_hz + padding, samples, rate_hz)


def frames(data: bytes | bytearray) -> Iterator[tuple[int, Frame]]:
    """Every whole frame from the first byte on, with its offset; ends where the chain does."""
    start = 0
    while (frame := frame_at(data, start)) and start + frame.size <= len(data):
        yield start, frame
        start += frame.size


def duration_ms(data: bytes | bytearray) -> float:
    """Playing time of whole frames, in milliseconds."""
    return sum(frame.samples * 1000 / frame.sample_rate_hz for _, frame in frames(data))
