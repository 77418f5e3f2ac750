"""Azure Speech over REST: 24 kHz MP3, streamed through pooled connections.

REST has no word boundaries; ``azure_words.py`` has, through Microsoft's SDK, by setting.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from danmu_tts.adapters.backends.cloud import KEEP_ALIVE_S, MOST_CONNECTIONS, UNPACKED, CloudBackend
from danmu_tts.adapters.backends.prices import price_of
from danmu_tts.adapters.backends.ssml import azure_ssml
from danmu_tts.adapters.backends.vendor_audio import VendorAudio
from danmu_tts.adapters.backends.vendor_errors import error_for_status
from danmu_tts.adapters.backends.voice_list import known_gender, packaged_voices
from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.errors import (
    BackendNetworkError,
    BackendRefusedError,
    BackendServerError,
    VoiceWithdrawnError,
)
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.ports import BackendTraits
from danmu_tts.settings_backends import AzureSettings

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

OUTPUT_FORMAT = "audio-24khz-96kbitrate-mono-mp3"
_REVISION = "1"


class AzureBackend(CloudBackend):
    """Azure's neural voices. Needs a key and a region, or the endpoint of a container or another cloud."""

    name = "azure"
    sdk: tuple[str, ...] = ("httpx2",)

    def __init__(self, settings: AzureSettings) -> None:
        self._settings = settings
        super().__init__(packaged_voices(self.name, _REVISION), settings.voices_ttl_s)
        price = price_of(self.name)
        self.traits = BackendTraits(
            native_pitch=True,
            native_volume=True,
            reads_english=True,
            silence_limit_s=settings.silence_limit_ms / 1000,
            usd_per_million_chars=price.usd_per_million_chars,
            chars_per_hanzi=price.chars_per_hanzi,
        )

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        """Speak; see ``ports.Backend``."""
        await self._load()
        audio = VendorAudio(self.name)
        headers = {"content-type": "application/ssml+xml", "x-microsoft-outputformat": OUTPUT_FORMAT} | UNPACKED
        with _translated():
            content = azure_ssml(utterance).encode()
            request = self._client.stream("POST", "/cognitiveservices/v1", content=content, headers=headers)
            async with request as response:
                if response.status_code != 200:
                    raise await self._refusal(response, utterance.voice)
                async for data in response.aiter_bytes():
                    if chunk := audio.feed(data):
                        yield chunk
        audio.finish()

    async def _refusal(self, response: "Response", voice: Voice) -> Exception:
        error = await _error_of(response)
        return await self._or_withdrawn(error, voice) if isinstance(error, BackendRefusedError) else error

    async def _or_withdrawn(self, error: Exception, voice: Voice) -> Exception:
        """Azure says the same of a bad text and of a voice that it no longer has; its list tells them apart."""
        if await self._list.still_has(voice):
            return error
        return VoiceWithdrawnError(f"azure no longer has {voice.name}.")

    async def _close_connections(self) -> None:
        client = self.__dict__.pop("_client", None)
        if client:
            await client.aclose()

    async def _fetch_voices(self) -> Sequence[Voice]:
        with _translated():
            response = await self._client.get("/cognitiveservices/voices/list")
            if response.status_code != 200:
                raise await _error_of(response)
            try:
                return [_voice(each) for each in response.json() if each.get("Status") != "Deprecated"]
            except (ValueError, KeyError, AttributeError, TypeError) as error:
                raise BackendServerError("azure's list of voices is not one.") from error

    @cached_property
    def _client(self) -> "AsyncClient":
        import httpx2

        key = self._settings.key
        return httpx2.AsyncClient(
            base_url=self._settings.endpoint or f"https://{self._settings.region}.tts.speech.microsoft.com",
            headers={"ocp-apim-subscription-key": key.get_secret_value() if key else "", "user-agent": "danmu-tts"},
            timeout=self._settings.silence_limit_ms / 1000,
            limits=httpx2.Limits(
                max_connections=MOST_CONNECTIONS,
                max_keepalive_connections=MOST_CONNECTIONS,
                keepalive_expiry=KEEP_ALIVE_S,
            ),
        )


async def _error_of(response: "Response") -> Exception:
    detail = (await response.aread()).decode("utf-8", "replace")
    retry_after = response.headers.get("retry-after")
    return error_for_status("azure", response.status_code, detail=detail, retry_after=retry_after)


def _voice(listed: dict[str, Any]) -> Voice:
    styles = tuple(listed.get("StyleList") or ())
    return Voice(f"azure:{listed['ShortName']}", listed["Locale"], known_gender(listed["Gender"]), _REVISION, styles)


@contextmanager
def _translated() -> Iterator[None]:
    import httpx2

    try:
        yield
    except httpx2.HTTPError as error:
        raise BackendNetworkError(f"azure cannot be reached or hung up: {type(error).__name__}.") from error
