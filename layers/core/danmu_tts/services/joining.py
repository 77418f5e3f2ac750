"""One line that several voices say, heard as one."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from danmu_tts.domain.audio import AudioChunk, Caption
from danmu_tts.domain.errors import BackendUnavailableError, NothingToSayError
from danmu_tts.domain.speech import Part, Script
from danmu_tts.domain.voices import Voice
from danmu_tts.observability import get_logger
from danmu_tts.ports import AudioJoiner, JoinedSpan

logger = get_logger("backends")

_BEEP_MS = 350  # about two syllables

Chunks = AsyncGenerator[AudioChunk, None]
Say = Callable[[str, Voice], Chunks]


async def join(script: Script, say: Say, joiner: AudioJoiner) -> Chunks:
    """Let each voice say its part, in order. What another voice cannot say is left to the line's own.

    Raises:
        BackendUnavailableError: the line's own voice failed; also midway.
        NothingToSayError: nobody can pronounce any of it.
    """
    silent: NothingToSayError | None = None
    played_ms = 0.0
    for part in script.parts:
        started_ms = played_ms
        try:
            async with aclosing(_part(part, script.voice, say, joiner)) as chunks:
                async for chunk in chunks:
                    played_ms += chunk.duration_ms
                    yield _within(chunk, started_ms, played_ms)
        except NothingToSayError as error:
            silent = error
    if silent and not played_ms:
        raise silent


async def _part(part: Part, own: Voice, say: Say, joiner: AudioJoiner) -> Chunks:
    text, voice = part.text, part.voice
    if voice is None:
        if beep := _moved(await asyncio.to_thread(joiner.beep, _BEEP_MS), [Caption(text, 0, _BEEP_MS)]):
            yield beep
        return
    if voice != own:
        try:
            async with aclosing(say(text, voice)) as made:
                whole = [chunk async for chunk in made]
            for ready in await asyncio.to_thread(_joined, joiner, whole):
                yield ready
        except (BackendUnavailableError, NothingToSayError) as error:
            logger.warning("said by the voice of the line", extra={"voice": voice.id, "reason": error.code})
        else:
            return
    captions: list[Caption] = []
    async with aclosing(say(text, own)) as chunks:
        async for chunk in chunks:
            captions += chunk.captions
            if piece := await asyncio.to_thread(joiner.write, chunk):
                yield piece
    if last := _moved(await asyncio.to_thread(joiner.end_span), captions):
        yield last


def _joined(joiner: AudioJoiner, chunks: Sequence[AudioChunk]) -> list[AudioChunk]:
    """A part that was waited for: until it is whole, the line's own voice may still take its place."""
    ready = [joiner.write(chunk) for chunk in chunks]
    captions = [caption for chunk in chunks for caption in chunk.captions]
    ready.append(_moved(joiner.end_span(), captions))
    return [chunk for chunk in ready if chunk]


def _moved(span: JoinedSpan, captions: Sequence[Caption]) -> AudioChunk | None:
    """The end of a part, with its captions where they are heard in the whole."""
    if span.chunk is None:
        return None
    moved = (
        replace(each, start_ms=round(each.start_ms + span.shift_ms), end_ms=round(each.end_ms + span.shift_ms))
        for each in captions
    )
    return replace(span.chunk, captions=tuple(moved))


def _within(chunk: AudioChunk, started_ms: float, played_ms: float) -> AudioChunk:
    """Captions begin and end with their part, of which silence was cut away."""
    first, last = round(started_ms), round(played_ms)
    captions = tuple(
        replace(each, start_ms=min(max(each.start_ms, first), last), end_ms=min(max(each.end_ms, first), last))
        for each in chunk.captions
    )
    return replace(chunk, captions=captions) if captions else chunk
