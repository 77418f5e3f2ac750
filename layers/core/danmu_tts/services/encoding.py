"""Chunks as a backend makes them, made into finished audio while the backend goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from danmu_tts.domain.audio import AudioChunk, AudioFormat, Caption, EncodedSpeech
from danmu_tts.domain.errors import BadAudioError, DanmuTTSError, NoAudioError
from danmu_tts.domain.voices import Voice
from danmu_tts.ports import AudioEncoder, AudioEncoders


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the audio is wanted. ``volume`` and ``pitch_ratio`` are what the backend has not done itself."""

    format: AudioFormat
    volume: float = 1.0
    pitch_ratio: float = 1.0


async def encode(
    chunks: AsyncIterator[AudioChunk],
    voice: Voice,
    delivery: Delivery,
    encoders: AudioEncoders,
    on_first_audio: Callable[[], None],
    hear: Callable[[bytes], None],
) -> EncodedSpeech:
    """Take every chunk and return the whole. Raises what the chunks raise, and NoAudioError where there are none.

    ``hear`` is given each piece of the encoded audio as soon as there is one.
    """
    encoder: AudioEncoder | None = None
    audio = bytearray()
    captions: list[Caption] = []
    played_ms = 0.0
    async for chunk in chunks:
        captions += (_stretched(caption, delivery.pitch_ratio) for caption in chunk.captions)
        if not chunk.data:
            continue
        if encoder is None:
            on_first_audio()
            encoder = encoders.open(
                delivery.format,
                chunk.sample_rate_hz,
                chunk.encoding,
                volume=delivery.volume,
                pitch_ratio=delivery.pitch_ratio,
            )
        ready = await _done(encoder.write, chunk.data)
        audio += ready
        hear(ready)
        played_ms += chunk.duration_ms / delivery.pitch_ratio
    if encoder is None:
        raise NoAudioError(f"{voice.id} made no audio for this text.")
    rest = await _done(encoder.finish)
    audio += rest
    hear(rest)
    duration_ms = round(played_ms)
    if captions and abs(captions[-1].end_ms - duration_ms) == 1:  # it was rounded twice, and the whole once
        captions[-1] = replace(captions[-1], end_ms=duration_ms)
    return EncodedSpeech(bytes(audio), delivery.format, encoder.sample_rate_hz, duration_ms, voice.id, tuple(captions))


async def _done(step: Callable[..., bytes], *data: bytes) -> bytes:
    """One step of an encoder, in a thread. What it cannot encode was no audio, whatever its own word for that is."""
    try:
        return await asyncio.to_thread(step, *data)
    except DanmuTTSError:
        raise
    except Exception as error:  # codecs raise what they please, and what they are fed comes from a vendor
        raise BadAudioError(f"The audio cannot be encoded: {type(error).__name__}.") from error


def _stretched(caption: Caption, pitch_ratio: float) -> Caption:
    return Caption(caption.text, round(caption.start_ms / pitch_ratio), round(caption.end_ms / pitch_ratio))
