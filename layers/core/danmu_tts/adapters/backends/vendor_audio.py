"""Bytes as a vendor streams them, made into chunks. Whether they are MP3 or WAV is told by what they begin with.

Compatible servers do not always send what was asked for, and a vendor in trouble may send a page of HTML with status
200, so nothing is taken for audio that does not look like it.
"""

import struct
from typing import Protocol

from danmu_tts.domain import mp3
from danmu_tts.domain.audio import AudioChunk, AudioEncoding, Caption
from danmu_tts.domain.errors import BadAudioError

_ID3_HEADER_BYTES = 10
_RIFF_HEADER_BYTES = 12
_CHUNK_HEADER_BYTES = 8
_PCM_FORMATS = (1, 0xFFFE)  # WAVE_FORMAT_PCM, WAVE_FORMAT_EXTENSIBLE
_RATES_HZ = range(8000, 192_001)
_UNKNOWN_SIZES = (0, 0x7FFFFFFF, 0xFFFFFFFF)
_LONGEST_HEADER_BYTES = 64 * 1024


class VendorAudio:
    """One utterance's audio. Feed it what comes; it gives back what is whole."""

    def __init__(self, backend: str) -> None:
        """``backend`` is named in errors."""
        self._backend = backend
        self._buffer = bytearray()
        self._reader: _Reader | None = None

    def feed(self, data: bytes, captions: tuple[Caption, ...] = ()) -> AudioChunk | None:
        """Take bytes; the chunk that they complete, if any. Raises BadAudioError."""
        self._buffer += data
        if self._reader is None:
            self._reader = self._begin()
        if self._reader is None:
            return None
        whole = self._reader.take(self._buffer)
        if not whole and not captions:
            return None
        return AudioChunk(whole, self._reader.sample_rate_hz, self._reader.encoding, captions)

    def finish(self) -> None:
        """The vendor says that this was all. Raises BadAudioError where it stopped in the middle of something."""
        if self._reader is None and self._buffer:
            raise BadAudioError(f"{self._backend} sent {len(self._buffer)} bytes that are no audio.")
        if self._reader and self._reader.is_cut(self._buffer):
            raise BadAudioError(f"{self._backend} stopped in the middle of a frame.")

    def _begin(self) -> "_Reader | None":
        """Recognise the container once there is enough of it."""
        buffer = self._buffer
        if buffer[:3] == b"ID3":
            return self._skip_id3()
        if buffer[:4] == b"RIFF":
            return self._read_riff()
        frame = mp3.frame_at(buffer, 0)
        if frame and len(buffer) >= frame.size:
            return _Mp3Reader(self._backend, frame.sample_rate_hz)
        if frame or len(buffer) < len(b"RIFF"):
            return None
        raise BadAudioError(f"{self._backend} sent something that is no audio.")

    def _skip_id3(self) -> "_Reader | None":
        """The tag's length is four bytes of seven bits (ID3v2.4, section 6.2)."""
        buffer = self._buffer
        if len(buffer) < _ID3_HEADER_BYTES:
            return None
        size = _ID3_HEADER_BYTES + sum(byte << shift for byte, shift in zip(buffer[6:10], (21, 14, 7, 0), strict=True))
        if size > _LONGEST_HEADER_BYTES:
            raise BadAudioError(f"{self._backend} sent a tag without end.")
        if len(buffer) < size:
            return None
        del buffer[:size]
        return self._begin()

    def _read_riff(self) -> "_Reader | None":
        """Walk to the samples. Who streams does not know how many there are and states none, or the most."""
        buffer, at, rate_hz = self._buffer, _RIFF_HEADER_BYTES, 0
        while len(buffer) >= at + _CHUNK_HEADER_BYTES:
            kind, size = bytes(buffer[at : at + 4]), int.from_bytes(buffer[at + 4 : at + 8], "little")
            at += _CHUNK_HEADER_BYTES
            if kind == b"data" and rate_hz:
                del buffer[:at]
                return _PcmReader(rate_hz, None if size in _UNKNOWN_SIZES else size)
            if kind == b"fmt " and len(buffer) >= at + 16:
                rate_hz = self._wave_rate_hz(bytes(buffer[at : at + 16]))
            at += size + size % 2
            if at > _LONGEST_HEADER_BYTES:
                raise BadAudioError(f"{self._backend} sent a WAV file without samples.")
        return None

    def _wave_rate_hz(self, fields: bytes) -> int:
        kind, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", fields)
        if kind not in _PCM_FORMATS or channels != 1 or bits != 16 or rate_hz not in _RATES_HZ:
            raise BadAudioError(f"{self._backend} sent a WAV file that is not 16-bit mono: set it to send mp3.")
        return int(rate_hz)


class _Reader(Protocol):
    encoding: AudioEncoding
    sample_rate_hz: int

    def take(self, buffer: bytearray) -> bytes:
        """Remove what is whole from the buffer's front."""
        ...

    def is_cut(self, rest: bytearray) -> bool:
        """Whether the rest is the beginning of something."""
        ...


class _Mp3Reader:
    encoding = AudioEncoding.MP3

    def __init__(self, backend: str, sample_rate_hz: int) -> None:
        self._backend = backend
        self.sample_rate_hz = sample_rate_hz
        self._over = False

    def take(self, buffer: bytearray) -> bytes:
        if self._over:
            buffer.clear()
            return b""
        end = 0
        for start, frame in mp3.frames(buffer):
            end = start + frame.size
        whole = bytes(buffer[:end])
        del buffer[:end]
        if len(buffer) >= 4 and mp3.frame_at(buffer, 0) is None:
            # An ID3v1 tag, or the zeros that some encoders end with.
            self._over = buffer[:3] == b"TAG" or not any(buffer[:4])
            if not self._over:
                raise BadAudioError(f"{self._backend} sent something that is no audio after {end} bytes that were.")
            buffer.clear()
        return whole

    def is_cut(self, rest: bytearray) -> bool:
        return rest[:1] == mp3.SYNC


class _PcmReader:
    encoding = AudioEncoding.PCM

    def __init__(self, sample_rate_hz: int, size: int | None) -> None:
        """``size``: bytes of samples; None where the server does not say. What follows them is not sound."""
        self.sample_rate_hz = sample_rate_hz
        self._left = size

    def take(self, buffer: bytearray) -> bytes:
        end = len(buffer) if self._left is None else min(len(buffer), self._left)
        whole = bytes(buffer[: end // 2 * 2])
        del buffer[: len(whole)]
        if self._left is not None:
            self._left -= len(whole)
        return whole

    def is_cut(self, rest: bytearray) -> bool:
        return bool(rest) if self._left is None else self._left > 0
