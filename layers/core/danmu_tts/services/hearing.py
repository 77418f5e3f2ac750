"""Listen to a backend, and believe nothing: not that it is in time, nor that what it sends is sound.

A backend may be anybody's code talking to anybody's server. Whatever it does wrong becomes one of our errors.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from danmu_tts.domain.audio import AudioChunk, AudioEncoding, Caption
from danmu_tts.domain.errors import (
    BackendLateError,
    BackendNetworkError,
    BackendServerError,
    BackendTimeoutError,
    BadAudioError,
    DanmuTTSError,
    NoAudioError,
)
from danmu_tts.domain.speech import Utterance
from danmu_tts.foreign import is_cancelled
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.ports import Backend
from danmu_tts.services.turns import END, Turns
from danmu_tts.text.pace import longest_plausible_ms, shortest_plausible_ms

logger = get_logger("backends")

_SAMPLE_RATES_HZ = range(8000, 192_001)


async def hear(backend: Backend, utterance: Utterance, budget_s: float) -> AsyncGenerator[AudioChunk, None]:
    """What a backend says, checked, for so many seconds at most.

    Raises:
        BackendUnavailableError: it failed, was late, silent, or sent what is no speech; also midway.
        NothingToSayError: it cannot pronounce any of the text.
    """
    chunks = _in_time(backend, utterance, budget_s)
    async with aclosing(chunks), aclosing(checked(backend, utterance, chunks)) as sound:
        async for chunk in sound:
            yield chunk


async def checked(
    backend: Backend, utterance: Utterance, chunks: AsyncIterator[AudioChunk]
) -> AsyncGenerator[AudioChunk, None]:
    """What a backend made of an utterance, as far as it is speech. Raises BadAudioError, NoAudioError."""
    remote = backend.traits.silence_limit_s is not None  # an engine in this process does not hang up
    longest_ms = longest_plausible_ms(utterance.text, utterance.tempo)
    first: AudioChunk | None = None
    played_ms = 0.0
    async for chunk in chunks:
        _check(backend.name, chunk, first)
        first = first or chunk
        played_ms += chunk.duration_ms
        if remote and played_ms > longest_ms:
            raise BadAudioError(f"{backend.name} goes on and on: more than {longest_ms:.0f} ms for this text.")
        yield chunk
    if not played_ms:
        raise NoAudioError(f"{utterance.voice.id} made no audio for this text.")
    least_ms = shortest_plausible_ms(utterance.text, utterance.voice.language, utterance.tempo)
    if remote and played_ms < least_ms:
        raise BadAudioError(f"{backend.name} made {played_ms:.0f} ms of audio; this text takes {least_ms:.0f} or more.")


async def _in_time(backend: Backend, utterance: Utterance, budget_s: float) -> AsyncGenerator[AudioChunk, None]:
    """The backend's own chunks. Only audio ends a silence, and a flood of nothing does not stop the event loop."""
    loop = asyncio.get_running_loop()
    started_s = heard_s = loop.time()
    limit_s = backend.traits.silence_limit_s or budget_s
    played_ms = 0.0
    turns: Turns[AudioChunk] | None = None
    try:
        turns = Turns(backend.synthesize(utterance), backend.name)
        while (chunk := await turns.next(until_s=min(heard_s + limit_s, started_s + budget_s))) is not END:
            if chunk.data:
                heard_s = loop.time()
                played_ms += chunk.duration_ms
            yield chunk
    except TimeoutError as error:
        now_s = loop.time()
        if now_s >= started_s + budget_s and played_ms >= (now_s - started_s) * 1000:
            raise BackendLateError(f"{backend.name} spoke, and was not done in time.") from error
        silence_s = now_s - heard_s
        timeout = BackendTimeoutError(f"{backend.name} was silent for {silence_s:.1f} s.")
        timeout.waited_s = silence_s
        raise timeout from error
    except DanmuTTSError:
        raise
    except asyncio.CancelledError as error:
        if is_cancelled():
            raise
        raise _broken(backend.name, error) from error
    except OSError as error:
        raise BackendNetworkError(f"{backend.name} hung up: {type(error).__name__}.") from error
    except (Exception, SystemExit) as error:  # the edge of foreign code: a backend may be anybody's
        raise _broken(backend.name, error) from error
    finally:
        if turns:
            await turns.end()


def _broken(backend: str, error: BaseException) -> BackendServerError:
    logger.error("backend failed", extra={"backend": backend} | describe_error(error))
    logger.debug("backend failed", exc_info=error)
    return BackendServerError(f"{backend} failed: {type(error).__name__}.")


def _check(backend: str, chunk: AudioChunk, first: AudioChunk | None) -> None:
    """A chunk is what ``domain/audio.py`` says, and goes with the first. Raises BadAudioError."""
    if not isinstance(chunk, AudioChunk) or not isinstance(chunk.data, bytes):
        raise BadAudioError(f"{backend} sent something that is no AudioChunk.")
    if chunk.sample_rate_hz not in _SAMPLE_RATES_HZ or not isinstance(chunk.encoding, AudioEncoding):
        raise BadAudioError(f"{backend} sent audio of a rate or encoding that nobody plays.")
    if first and (chunk.sample_rate_hz, chunk.encoding) != (first.sample_rate_hz, first.encoding):
        raise BadAudioError(f"{backend} changed its sample rate or encoding midway.")
    if chunk.encoding is AudioEncoding.PCM and len(chunk.data) % 2:
        raise BadAudioError(f"{backend} cut a sample in half.")
    if not isinstance(chunk.captions, tuple) or not all(map(_is_caption, chunk.captions)):
        raise BadAudioError(f"{backend} sent captions that are none.")


def _is_caption(caption: Caption) -> bool:
    return isinstance(caption, Caption) and all(isinstance(ms, int) for ms in (caption.start_ms, caption.end_ms))
