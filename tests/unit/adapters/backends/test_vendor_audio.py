import struct
from itertools import pairwise

import lameenc
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from danmu_tts.adapters.backends.vendor_audio import VendorAudio
from danmu_tts.domain import mp3
from danmu_tts.domain.audio import AudioChunk, AudioEncoding, Caption
from danmu_tts.domain.errors import BadAudioError
from tests.builders.sound import sine

RATE_HZ = 24_000
PCM = sine(0.05, rate_hz=RATE_HZ)
WORD = (Caption("你好", 0, 240),)
UNKNOWN_SIZE = 0xFFFFFFFF


def encoded() -> bytes:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(RATE_HZ)
    encoder.set_channels(1)
    encoder.set_bit_rate(48)
    return bytes(encoder.encode(sine(0.2, rate_hz=RATE_HZ))) + bytes(encoder.flush())


MP3 = encoded()
FRAME = mp3.frame_at(MP3, 0) or pytest.fail("lameenc begins with a frame")


def id3(size: int = 37) -> bytes:
    """An ID3v2.4 tag with so many bytes of padding."""
    return b"ID3\x04\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)


ID3V1 = b"TAG" + b"title".ljust(125, b"\0")


def wav(
    data: bytes = PCM,
    *,
    size: int | None = None,
    channels: int = 1,
    bits: int = 16,
    kind: int = 1,
    rate_hz: int = RATE_HZ,
    extra: bytes = b"",
) -> bytes:
    """A RIFF file; ``size`` is what it says of itself, ``extra`` what lies between the format and the samples."""
    block = channels * bits // 8
    fields = struct.pack("<HHIIHH", kind, channels, rate_hz, rate_hz * block, block, bits)
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(fields)) + fields + extra + b"data"
    stated = len(data) if size is None else size
    whole = min(stated + len(body) + 4, UNKNOWN_SIZE)
    return b"RIFF" + struct.pack("<I", whole) + body + struct.pack("<I", stated) + data


def list_chunk(data: bytes) -> bytes:
    return b"LIST" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def heard(*pieces: bytes) -> list[AudioChunk]:
    """Every chunk of one utterance. Raises BadAudioError."""
    audio = VendorAudio("vendor")
    chunks = [chunk for piece in pieces if (chunk := audio.feed(piece))]
    audio.finish()
    return chunks


def sound(chunks: list[AudioChunk]) -> bytes:
    return b"".join(chunk.data for chunk in chunks)


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]


def test_mp3_passes_as_it_is() -> None:
    (chunk,) = heard(MP3)
    assert chunk == AudioChunk(MP3, RATE_HZ, AudioEncoding.MP3)


@pytest.mark.parametrize(
    "file",
    [
        id3() + MP3,
        id3(0) + MP3,
        id3(300) + MP3,
        id3() + id3() + MP3,
        MP3 + ID3V1,
        MP3 + bytes(200),
        id3() + MP3 + ID3V1,
    ],
    ids=["tag", "empty tag", "long tag", "two tags", "trailer", "zeros", "tag and trailer"],
)
def test_what_is_around_the_frames_is_left_out(file: bytes) -> None:
    assert sound(heard(file)) == MP3


@pytest.mark.parametrize("extra", [b"", list_chunk(b"INFOISFT"), list_chunk(b"odd"), list_chunk(bytes(3000))])
@pytest.mark.parametrize("size", [None, UNKNOWN_SIZE, 0x7FFFFFFF, 0])
def test_a_wav_gives_its_samples_whatever_size_it_states(extra: bytes, size: int | None) -> None:
    (chunk,) = heard(wav(extra=extra, size=size))
    assert chunk == AudioChunk(PCM, RATE_HZ, AudioEncoding.PCM)


def test_an_extensible_wav_is_read_too() -> None:
    assert sound(heard(wav(kind=0xFFFE))) == PCM


FILES = {
    "mp3": (MP3, MP3),
    "tagged mp3": (id3() + MP3 + ID3V1, MP3),
    "padded mp3": (MP3 + bytes(50), MP3),
    "wav": (wav(extra=list_chunk(b"odd"), size=UNKNOWN_SIZE), PCM),
}


@pytest.mark.parametrize("name", FILES)
def test_byte_by_byte_it_is_the_same(name: str) -> None:
    file, inside = FILES[name]
    chunks = heard(*(file[at : at + 1] for at in range(len(file))))
    assert sound(chunks) == inside
    assert {(chunk.sample_rate_hz, chunk.encoding) for chunk in chunks} == {
        (RATE_HZ, AudioEncoding.PCM if name == "wav" else AudioEncoding.MP3)
    }


@given(st.sampled_from(sorted(FILES)), st.lists(st.integers(0, 10_000), max_size=30))
def test_wherever_it_is_cut_it_is_the_same(name: str, cuts: list[int]) -> None:
    file, inside = FILES[name]
    chunks = heard(*in_pieces(file, cuts))
    assert sound(chunks) == inside
    for chunk in chunks:
        assert chunk.data
        assert chunk.duration_ms > 0


@given(st.integers(1, len(MP3) - 1))
def test_a_chunk_holds_whole_frames_only(cut: int) -> None:
    for chunk in heard(MP3[:cut], MP3[cut:]):
        assert sum(frame.size for _, frame in mp3.frames(chunk.data)) == len(chunk.data)


@given(st.integers(1, len(MP3) - 1))
@example(2 * FRAME.size + 1)
@example(2 * FRAME.size + 3)
@example(2 * FRAME.size + 4)
def test_audio_that_ends_inside_a_frame_was_cut_off(end: int) -> None:
    assume(end % FRAME.size)
    with pytest.raises(BadAudioError):
        heard(MP3[:end])


def test_audio_that_ends_inside_a_sample_was_cut_off() -> None:
    with pytest.raises(BadAudioError, match="vendor"):
        heard(wav(PCM[:-1]))


@pytest.mark.parametrize("trailer", [ID3V1, bytes(50)])
def test_whatever_comes_after_a_trailer_is_left_out_and_not_kept(trailer: bytes) -> None:
    audio = VendorAudio("vendor")
    first = audio.feed(MP3 + trailer[:10])
    assert first is not None
    assert first.data == MP3
    for _ in range(3):
        assert audio.feed(trailer[10:] + MP3) is None
        assert not audio._buffer
    audio.finish()


def test_frames_that_are_followed_by_something_else_are_refused() -> None:
    with pytest.raises(BadAudioError, match=f"after {len(MP3)} bytes"):
        heard(MP3 + b"<html>502 Bad Gateway</html>")
    with pytest.raises(BadAudioError):
        heard(MP3, b"<html>502 Bad Gateway</html>")


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html><html><body>Just a moment...</body></html>",
        b'{"error": {"message": "over quota"}}',
        b"OK",
        b"\0",
        bytes(1000),
        b"OggS\0\x02" + bytes(100),
        b"fLaC\0\0\0\x22" + bytes(100),
        b"\xff\xf1\x50\x80" + bytes(100),  # AAC in ADTS has a sync word too
        b"ID3",
        b"RIFF",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0AVI LIST" + bytes(100),
        wav()[:40],
        MP3[: FRAME.size - 1],
    ],
)
def test_what_is_no_audio_is_refused(page: bytes) -> None:
    with pytest.raises(BadAudioError, match="vendor"):
        heard(page)
    with pytest.raises(BadAudioError, match="vendor"):
        heard(*(page[at : at + 1] for at in range(len(page))))


@given(st.binary(min_size=1, max_size=400))
def test_random_bytes_are_refused(data: bytes) -> None:
    assume(mp3.frame_at(data, 0) is None)
    with pytest.raises(BadAudioError):
        heard(data)


@given(st.sampled_from([b"RIFF", b"ID3", b"RIFF\xff\xff\xff\xffWAVEfmt ", MP3[:4], MP3]), st.binary(max_size=300))
def test_bytes_that_begin_well_are_audio_or_refused(start: bytes, rest: bytes) -> None:
    try:
        chunks = heard(start + rest)
    except BadAudioError:
        return
    assert sound(chunks) in start + rest


@pytest.mark.parametrize(
    "file",
    [
        wav(channels=2),
        wav(bits=8),
        wav(bits=24),
        wav(kind=3, bits=32),  # floats
        wav(kind=6, bits=8),  # A-law
        wav(rate_hz=0),
        wav(rate_hz=7999),
        wav(rate_hz=192_001),
    ],
)
def test_a_wav_that_is_not_16_bit_mono_is_refused_with_what_to_do(file: bytes) -> None:
    with pytest.raises(BadAudioError, match="set it to send mp3"):
        heard(file)


def test_a_header_without_end_is_not_waited_for() -> None:
    with pytest.raises(BadAudioError, match="tag without end"):
        VendorAudio("vendor").feed(b"ID3\x04\0\0\x7f\x7f\x7f\x7f")
    with pytest.raises(BadAudioError, match="without samples"):
        VendorAudio("vendor").feed(wav(extra=b"LIST\xff\xff\xff\xff"))


def test_nothing_at_all_is_left_to_others_to_notice() -> None:
    assert heard() == heard(b"", b"") == []
    assert heard(wav(b"")) == []
    assert heard(id3(100)) == []


def test_captions_come_with_the_chunk_that_they_were_fed_with() -> None:
    audio = VendorAudio("vendor")
    chunk = audio.feed(MP3, WORD)
    assert chunk is not None
    assert (chunk.data, chunk.captions) == (MP3, WORD)
    last = audio.feed(b"", WORD)
    assert last == AudioChunk(b"", RATE_HZ, AudioEncoding.MP3, WORD)


def test_captions_before_the_first_audio_are_not_taken() -> None:
    assert VendorAudio("vendor").feed(MP3[:10], WORD) is None
