"""Send audio over HTTP as the vendors do: in chunks, and not always to its end."""

import random
from collections.abc import Iterator, Mapping

from aiohttp import web

from tests.fakes.connection import for_ever, hang_up
from tests.fakes.vendor import WEB_PAGE, Fault

CHUNK_BYTES = 4096


def no_audio() -> bytes:
    """No decoder finds audio in it: MPEG audio needs a byte of 255 and no magic number begins it."""
    return bytes(byte & 0x7F for byte in random.Random(7).randbytes(5000))


def share_of(audio: bytes, fault: Fault, *, sample_bytes: int = 2) -> bytes:
    """As much of the audio as the fault lets through, in whole samples."""
    shares = {Fault.SILENT: 0.0, Fault.STALLED: 0.25, Fault.CUT_SHORT: 0.25, Fault.TRUNCATED: 0.5}
    if fault not in shares:
        return audio
    return audio[: int(len(audio) * shares[fault]) // sample_bytes * sample_bytes]


def chunks_of(audio: bytes, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    return (audio[start : start + size] for start in range(0, len(audio), size))


async def answer_with_audio(
    request: web.Request, audio: bytes, content_type: str, fault: Fault, headers: Mapping[str, str] | None = None
) -> web.StreamResponse:
    """200 and the audio, chunked; ``fault`` decides how much of it and how it ends."""
    if fault is Fault.GARBAGE:
        return web.Response(text=WEB_PAGE, content_type="text/html")
    if fault is Fault.GARBAGE_AUDIO_TYPE:
        audio, content_type = no_audio(), "audio/mpeg"
    response = web.StreamResponse(headers={"Content-Type": content_type, **(headers or {})})
    response.enable_chunked_encoding()
    await response.prepare(request)
    for chunk in chunks_of(share_of(audio, fault)):
        await response.write(chunk)
    if fault is Fault.STALLED:
        await for_ever()
    if fault is Fault.TRUNCATED:
        await hang_up(request)
    await response.write_eof()
    return response
