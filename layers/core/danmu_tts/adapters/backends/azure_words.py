"""Azure Speech through Microsoft's SDK, which tells when each word is spoken (an optional extra of 40 MB).

The SDK works on threads of its own; a synthesizer keeps its connection and makes one utterance at a time, so idle ones
are kept for the next.
"""

import asyncio
from collections.abc import AsyncIterator
from importlib.util import find_spec
from typing import Any

from danmu_tts.adapters.backends.azure import AzureBackend
from danmu_tts.adapters.backends.cloud import MOST_CONNECTIONS
from danmu_tts.adapters.backends.ssml import azure_ssml
from danmu_tts.adapters.backends.vendor_audio import VendorAudio
from danmu_tts.domain.audio import AudioChunk, Caption
from danmu_tts.domain.errors import (
    BackendAuthError,
    BackendBlockedError,
    BackendDisabledError,
    BackendNetworkError,
    BackendRateLimitedError,
    BackendRefusedError,
    BackendServerError,
    BackendUnavailableError,
)
from danmu_tts.domain.speech import Utterance
from danmu_tts.plugins import BackendContext
from danmu_tts.ports import Backend
from danmu_tts.settings_backends import AzureSettings

_TICKS_PER_MS = 10_000
# Names of the SDK's CancellationErrorCode; whatever is not here is a mistake of the service.
_ERRORS: dict[str, type[BackendUnavailableError]] = {
    "AuthenticationFailure": BackendAuthError,
    "Forbidden": BackendBlockedError,
    "TooManyRequests": BackendRateLimitedError,
    "BadRequest": BackendRefusedError,
    "ConnectionFailure": BackendNetworkError,
    "ServiceTimeout": BackendNetworkError,
}


def create(context: BackendContext) -> Backend:
    """The factory that the settings name. Raises BackendDisabledError."""
    settings = context.settings.azure
    if settings.key is None or not (settings.region or settings.endpoint):
        raise BackendDisabledError("no credentials: set DANMU_TTS_AZURE__KEY and DANMU_TTS_AZURE__REGION")
    if find_spec("httpx2") is None:
        raise BackendDisabledError("not installed: pip install 'danmu-tts[cloud]'")
    if not settings.word_boundaries:
        return AzureBackend(settings)
    if find_spec("azure.cognitiveservices.speech") is None:
        raise BackendDisabledError("word boundaries need Microsoft's SDK: pip install 'danmu-tts[azure]'")
    return AzureWordsBackend(settings)


class AzureWordsBackend(AzureBackend):
    """Like :class:`AzureBackend`, with a caption a word."""

    sdk = ("httpx2", "azure.cognitiveservices.speech")

    def __init__(self, settings: AzureSettings) -> None:
        super().__init__(settings)
        self._idle: list[Any] = []

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        """Speak; see ``ports.Backend``."""
        await self._load()
        audio = VendorAudio(self.name)
        words: tuple[Caption, ...] = ()
        synthesizer = self._idle.pop() if self._idle else self._open()
        events = _Events(synthesizer)
        finished = False
        try:
            speaking = await asyncio.to_thread(synthesizer.speak_ssml_async, azure_ssml(utterance))
            async for event in events:
                if isinstance(event, Caption):
                    words += (event,)
                elif chunk := audio.feed(event, words):
                    words = ()
                    yield chunk
            finished = True
            del speaking  # it must live until here, or the SDK lets go of the call
        except BackendRefusedError as error:
            raise await self._or_withdrawn(error, utterance.voice) from error
        finally:
            events.close()
            if finished:
                self._give_back(synthesizer)
            else:
                synthesizer.stop_speaking_async()
        audio.finish()
        if words and (last := audio.feed(b"", words)):
            yield last

    async def _close_connections(self) -> None:
        await super()._close_connections()
        self._idle.clear()

    def _give_back(self, synthesizer: Any) -> None:
        if len(self._idle) < MOST_CONNECTIONS:
            self._idle.append(synthesizer)

    def _open(self) -> Any:
        import azure.cognitiveservices.speech as sdk

        key = self._settings.key.get_secret_value() if self._settings.key else ""
        endpoint = self._settings.endpoint
        config = (
            sdk.SpeechConfig(host=endpoint.replace("http", "ws", 1).rstrip("/"), subscription=key)
            if endpoint
            else sdk.SpeechConfig(subscription=key, region=self._settings.region)
        )
        config.set_speech_synthesis_output_format(sdk.SpeechSynthesisOutputFormat.Audio24Khz96KBitRateMonoMp3)
        return sdk.SpeechSynthesizer(speech_config=config, audio_config=None)


class _Events:
    """One utterance's events, brought from the SDK's threads to the event loop: audio bytes, captions, then the end."""

    def __init__(self, synthesizer: Any) -> None:
        self._queue: asyncio.Queue[bytes | Caption | BackendUnavailableError | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._signals = {
            synthesizer.synthesizing: lambda event: self._put(event.result.audio_data),
            synthesizer.synthesis_word_boundary: lambda event: self._put(_caption(event)),
            synthesizer.synthesis_completed: lambda event: self._put(None),
            synthesizer.synthesis_canceled: lambda event: self._put(_error(event.result.cancellation_details)),
        }
        for signal, callback in self._signals.items():
            signal.connect(callback)

    def close(self) -> None:
        """Hear no more; some come after the end."""
        for signal in self._signals:
            signal.disconnect_all()

    def __aiter__(self) -> "_Events":
        return self

    async def __anext__(self) -> bytes | Caption:
        event = await self._queue.get()
        if event is None:
            raise StopAsyncIteration
        if isinstance(event, BackendUnavailableError):
            raise event
        return event

    def _put(self, event: bytes | Caption | BackendUnavailableError | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue.put_nowait, event)


def _caption(event: Any) -> Caption:
    start = event.audio_offset / _TICKS_PER_MS
    return Caption(event.text, round(start), round(start + event.duration.total_seconds() * 1000))


def _error(details: Any) -> BackendUnavailableError:
    code = str(details.error_code).rpartition(".")[2]
    return _ERRORS.get(code, BackendServerError)(f"azure failed: {code}.")
