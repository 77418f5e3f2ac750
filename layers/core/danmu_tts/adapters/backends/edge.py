"""Edge: the voices that Microsoft's browser reads pages aloud with (edge-tts, LGPL-3.0, an optional extra).

It needs no account and promises nothing: it blocks addresses for hours, stalls for minutes and withdraws voices.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from danmu_tts.adapters.backends import ssml
from danmu_tts.adapters.backends.cloud import CloudBackend
from danmu_tts.adapters.backends.vendor_audio import VendorAudio
from danmu_tts.adapters.backends.vendor_errors import error_for_status
from danmu_tts.adapters.backends.voice_list import known_gender, packaged_voices
from danmu_tts.domain.audio import AudioChunk, Caption
from danmu_tts.domain.errors import (
    BackendBlockedError,
    BackendDisabledError,
    BackendNetworkError,
    BadAudioError,
    NoAudioError,
    VoiceWithdrawnError,
)
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.plugins import BackendContext
from danmu_tts.ports import BackendTraits
from danmu_tts.settings_backends import EdgeSettings

if TYPE_CHECKING:
    from danmu_tts.adapters.backends.edge_pool import SharedConnector

_TICKS_PER_MS = 10_000
_REVISION = "1"


def create(context: BackendContext) -> "EdgeBackend":
    """The factory that the settings name. Raises BackendDisabledError."""
    if not context.settings.edge.enabled:
        raise BackendDisabledError(
            "it sends viewers' words to Microsoft, so it must be switched on: DANMU_TTS_EDGE__ENABLED=true"
        )
    if find_spec("edge_tts") is None:
        raise BackendDisabledError("not installed: pip install 'danmu-tts[cloud]'")
    return EdgeBackend(context.settings.edge)


class EdgeBackend(CloudBackend):
    """One WebSocket an utterance, for the service takes no second one; 24 kHz MP3 at 48 kbit/s and word boundaries."""

    name = "edge"
    sdk = ("edge_tts",)

    def __init__(self, settings: EdgeSettings) -> None:
        self._settings = settings
        super().__init__(packaged_voices(self.name, _REVISION), settings.voices_ttl_s)
        self._pool: SharedConnector | None = None
        self.traits = BackendTraits(
            native_pitch=True, native_volume=True, reads_english=True, silence_limit_s=settings.silence_limit_ms / 1000
        )

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[AudioChunk, None]:
        """Speak; see ``ports.Backend``."""
        await self._load()
        try:
            async with aclosing(self._speak(utterance)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except NoAudioError as error:  # all that it says of a voice that it has no more
            if await self._list.still_has(utterance.voice):
                raise
            raise VoiceWithdrawnError(f"edge no longer has {utterance.voice.name}.") from error

    async def _speak(self, utterance: Utterance) -> AsyncGenerator[AudioChunk, None]:
        import edge_tts

        seconds = -(-self._settings.silence_limit_ms // 1000)  # it takes whole ones; the exact limit is kept around it
        communicate = edge_tts.Communicate(
            ssml.xml_text(utterance.text),
            utterance.voice.name,
            rate=ssml.rate(utterance.tempo),
            volume=ssml.percent(utterance.volume),
            pitch=ssml.pitch_hz(utterance.voice, utterance.pitch_semitones),
            boundary="WordBoundary",
            connector=self._connections(),
            proxy=self._settings.proxy,
            connect_timeout=seconds,
            receive_timeout=seconds,
        )
        audio, received = VendorAudio(self.name), 0
        words: tuple[Caption, ...] = ()
        with _translated():
            async with aclosing(communicate.stream()) as messages:
                async for message in messages:
                    if message["type"] != "audio":
                        words += (_caption(message),)
                        continue
                    received += len(message["data"])
                    if chunk := audio.feed(message["data"], words):
                        words = ()
                        yield chunk
        audio.finish()
        if received != communicate.state["cumulative_audio_bytes"]:  # it counts what a turn.end has confirmed
            raise BadAudioError("edge hung up before it had finished.")
        if words and (last := audio.feed(b"", words)):
            yield last

    async def _close_connections(self) -> None:
        pool, self._pool = self._pool, None
        if pool:
            await pool.really_close()

    async def _fetch_voices(self) -> Sequence[Voice]:
        import edge_tts

        with _translated():
            listed = await edge_tts.list_voices(connector=self._connections(), proxy=self._settings.proxy)
            return [
                Voice(f"edge:{each['ShortName']}", each["Locale"], known_gender(each["Gender"]), _REVISION)
                for each in listed
            ]

    def _connections(self) -> "SharedConnector":
        """The pool of the running loop; a process has one loop, unless it is a test."""
        from danmu_tts.adapters.backends.edge_pool import SharedConnector

        if self._pool is None or self._pool.event_loop is not asyncio.get_running_loop():
            self._pool = SharedConnector()
        return self._pool


def _caption(message: Mapping[str, Any]) -> Caption:
    start = message["offset"] / _TICKS_PER_MS
    return Caption(message["text"], round(start), round(start + message["duration"] / _TICKS_PER_MS))


@contextmanager
def _translated() -> Iterator[None]:
    """Say in our words what edge-tts and the HTTP client below it raise."""
    import aiohttp
    from edge_tts import exceptions

    try:
        yield
    except aiohttp.ClientResponseError as error:
        retry_after = error.headers.get("retry-after") if error.headers else None
        raise error_for_status("edge", error.status, retry_after=retry_after) from error
    except exceptions.SkewAdjustmentError as error:
        raise BackendBlockedError("edge blocks us.") from error
    except exceptions.NoAudioReceived as error:
        raise NoAudioError("edge made no audio for this text.") from error
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is one too
        raise BackendNetworkError(f"edge cannot be reached or hung up: {type(error).__name__}.") from error
    except (exceptions.EdgeTTSException, ValueError, KeyError) as error:  # it parses frames without much checking
        raise BadAudioError(f"edge answered what nobody understands: {type(error).__name__}.") from error
