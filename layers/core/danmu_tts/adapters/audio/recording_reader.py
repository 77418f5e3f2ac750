"""Decoding what somebody sent as a recording: anything at all, of which no more is decoded than could be of use."""

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[Any]

MOST_S = 60.0
"""Longer ones are not decoded to their end: half of that may be silence."""

_BLOCK_FRAMES = 65_536
_LOWEST_HZ, _HIGHEST_HZ = 16_000, 192_000
_MOST_CHANNELS = 8
_LOUDEST = 64.0  # full scale is 1, and files of floats may go beyond
# A header's own count, beyond which it says that it does not know: of files that were written into a pipe.
_UNKNOWN_FRAMES = 2**48
_UNKNOWN_BYTES = frozenset({0, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFF - 36, 0xFFFFFFFF - 36})
# Encoders of MP3 count what decoders leave out.
_MISSING_S = 0.1
_RIFF_HEAD, _CHUNK_HEAD = 12, 8

_KNOWN = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<?xml", "an XML document"),
    (b"{", "JSON"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1a\x45\xdf\xa3", "WebM or Matroska"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"FORM", "AIFF"),
    (b"RF64", "RF64"),
)
_MP4, _MP4_AT = b"ftyp", 4


class UnreadableError(Exception):
    """It cannot be decoded, or need not be; the message is a sentence for whoever sent it."""


def read_recording(data: bytes) -> tuple["Samples", int]:
    """Decode a WAV, FLAC, Ogg or MP3 file of at most ``MOST_S``.

    Returns:
        Float samples of its channels' mean, and their rate in Hz.

    Raises:
        UnreadableError: it is something else, damaged, too long, or of a rate or channels that nobody records.
    """
    import soundfile

    kind = _kind(data)
    if kind == "WAV":
        _check_wav(data)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            return _read(file), int(file.samplerate)
    except soundfile.SoundFileError as error:
        raise UnreadableError(f"It begins as {kind} does and cannot be decoded: it is damaged or cut off.") from error


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "WAV"
    if data[:4] == b"fLaC":
        return "FLAC"
    if data[:4] == b"OggS":
        return "Ogg"
    # A frame of MPEG audio begins with eleven ones; no layer is 00.
    if data[:3] == b"ID3" or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0 and data[1] & 0x06):
        return "MP3"
    raise UnreadableError(f"This is {_likely(data)}, not audio in WAV, FLAC, Ogg or MP3.")


def _likely(data: bytes) -> str:
    if not data:
        return "an empty file"
    if data[_MP4_AT : _MP4_AT + len(_MP4)] == _MP4:
        return "MP4 or M4A"
    begin = data[:100].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for signature, name in _KNOWN:
        if begin.startswith(signature.lower()):
            return name
    try:
        data[:1000].decode("ascii")
    except UnicodeDecodeError:
        return "something unknown"
    return "text"


def _check_wav(data: bytes) -> None:
    """libsndfile takes what there is of a WAV file that is cut off, so its own count is compared here."""
    at = _RIFF_HEAD
    while at + _CHUNK_HEAD <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        at += _CHUNK_HEAD
        if name == b"data":
            if size not in _UNKNOWN_BYTES and size > len(data) - at:
                there = len(data) - at
                raise UnreadableError(f"The file is cut off: of {size:,} bytes of sound, {there:,} are there.")
            return
        at += size + size % 2
    raise UnreadableError("This WAV file has no sound in it.")


def _read(file: Any) -> "Samples":
    import numpy as np

    rate_hz, channels, announced = int(file.samplerate), int(file.channels), int(file.frames)
    if not _LOWEST_HZ <= rate_hz <= _HIGHEST_HZ:
        raise UnreadableError(f"It has {rate_hz:,} samples a second; {_LOWEST_HZ:,} to {_HIGHEST_HZ:,} are needed.")
    if channels > _MOST_CHANNELS:
        raise UnreadableError(f"It has {channels:,} channels; {_MOST_CHANNELS} at most are taken.")
    most = round(MOST_S * rate_hz)
    if most < announced < _UNKNOWN_FRAMES:
        raise UnreadableError(wrong_length(announced / rate_hz))
    blocks, decoded = [], 0
    while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
        if not np.abs(block).max() <= _LOUDEST:  # which no NaN is either
            raise UnreadableError("It has values that are no sound.")
        blocks.append(block.mean(axis=1))
        decoded += len(block)
        if decoded > most:
            raise UnreadableError(f"It is longer than {MOST_S:.0f} s; 3 to 30 s of speech are needed.")
    if decoded + _MISSING_S * rate_hz < announced < _UNKNOWN_FRAMES:
        raise UnreadableError(
            f"The file is cut off: it promises {announced / rate_hz:.2f} s, and {decoded / rate_hz:.2f} s are there."
        )
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def wrong_length(seconds: float, subject: str = "It") -> str:
    """What to say of a recording of a wrong length."""
    return f"{subject} is {seconds:,.2f} s long; 3 to 30 s are needed."
