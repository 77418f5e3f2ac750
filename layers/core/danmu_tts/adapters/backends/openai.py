"""OpenAI's speech, or that of any server that speaks its protocol (``base_url``)."""

import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from danmu_tts.adapters.backends.cloud import KEEP_ALIVE_S, MOST_CONNECTIONS, UNPACKED, CloudBackend
from danmu_tts.adapters.backends.prices import Price, price_of
from danmu_tts.adapters.backends.vendor_audio import VendorAudio
from danmu_tts.adapters.backends.vendor_errors import error_for_status
from danmu_tts.adapters.backends.voice_list import known_gender, packaged_voices
from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.errors import BackendDisabledError, BackendNetworkError, BackendServerError, VoiceWithdrawnError
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import ANY_LANGUAGE, ANY_STYLE, Voice
from danmu_tts.plugins import BackendContext
from danmu_tts.ports import BackendHealth, BackendTraits
from danmu_tts.settings_backends import OpenAISettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

# tts-1 and tts-1-hd do not take instructions.
_WITHOUT_INSTRUCTIONS = "tts-1"
_NAME = re.compile(r"[a-zA-Z0-9\-_]{1,100}")
_LANGUAGE = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")


def create(context: BackendContext) -> "OpenAIBackend":
    """The factory that the settings name. Raises BackendDisabledError."""
    settings = context.settings.openai
    if settings.api_key is None and settings.base_url is None:
        raise BackendDisabledError(
            "no credentials: set DANMU_TTS_OPENAI__API_KEY, or DANMU_TTS_OPENAI__BASE_URL to a compatible server"
        )
    if find_spec("openai") is None:
        raise BackendDisabledError("not installed: pip install 'danmu-tts[cloud]'")
    return OpenAIBackend(settings)


def _is_openais(base_url: str | None) -> bool:
    """Whether it is OpenAI who sends the bill, at whichever of its hosts."""
    host = urlsplit(base_url).hostname if base_url else "api.openai.com"
    return f".{host}".endswith(".openai.com")


class OpenAIBackend(CloudBackend):
    """One model of one server, asked for MP3, which every compatible server can make."""

    name = "openai"
    sdk = ("openai",)

    def __init__(self, settings: OpenAISettings) -> None:
        self._settings = settings
        self._styles = () if settings.model.startswith(_WITHOUT_INSTRUCTIONS) else (ANY_STYLE,)
        self._revision = f"{settings.model}@{settings.base_url or ''}"
        super().__init__(self._known_voices(), settings.voices_ttl_s)
        price = price_of(self.name, settings.model) if _is_openais(settings.base_url) else Price()
        own = settings.usd_per_million_chars
        self.traits = BackendTraits(
            silence_limit_s=settings.silence_limit_ms / 1000,
            usd_per_million_chars=price.usd_per_million_chars if own is None else own,
        )

    async def _load_and_fetch(self) -> Sequence[Voice]:
        if self._settings.voices or self._settings.base_url is None:
            return self._known_voices()
        return await super()._load_and_fetch()

    async def get_voices(self) -> Sequence[Voice]:
        """The settings' voices; else the server's own list, or OpenAI's."""
        return await self._list.get_asked() if self._settings.base_url else self._list.get()

    async def health_check(self) -> BackendHealth:
        """Ask for the list of models, which is free. Some servers have none, and some keys may speak but not list."""
        await self._load()
        import openai

        with _translated(), contextlib.suppress(openai.NotFoundError, openai.PermissionDeniedError):
            await self._client.models.list()
        return BackendHealth(True, f"model {self._settings.model}, {len(self._list.get())} voices")

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        """Speak; see ``ports.Backend``."""
        await self._load()
        options: dict[str, Any] = {"speed": min(max(utterance.tempo, 0.25), 4.0)} if utterance.tempo != 1 else {}
        if utterance.style:
            options["instructions"] = utterance.style
        audio = VendorAudio(self.name)
        with _translated(utterance.voice.name):
            request = self._client.audio.speech.with_streaming_response.create(
                model=self._settings.model,
                voice=utterance.voice.name,
                input=utterance.text,
                response_format="mp3",
                extra_headers=UNPACKED,
                **options,
            )
            async with request as response:
                async for data in response.iter_bytes():
                    if chunk := audio.feed(data):
                        yield chunk
        audio.finish()

    async def _close_connections(self) -> None:
        client = self.__dict__.pop("_client", None)
        if client:
            await client.close()

    def _known_voices(self) -> list[Voice]:
        if self._settings.voices:
            return [self._voice({}, name) for name in self._settings.voices]
        packaged = packaged_voices(self.name, self._settings.model)
        return [self._voice({"gender": voice.gender}, voice.name) for voice in packaged]

    async def _fetch_voices(self) -> Sequence[Voice]:
        """``GET /audio/voices``: OpenAI has no such thing, many compatible servers do."""
        import openai

        with _translated():
            try:
                listed = await self._client.get("/audio/voices", cast_to=object)
            except openai.NotFoundError:
                return self._known_voices()
        entries = listed.get("voices") if isinstance(listed, Mapping) else listed
        if not isinstance(entries, list):
            raise BackendServerError("openai's list of voices is not one.")
        described = [entry if isinstance(entry, Mapping) else {"id": entry} for entry in entries]
        voices = [self._voice(entry, name) for entry in described if (name := _name(entry))]
        return voices or self._known_voices()

    def _voice(self, entry: Mapping[str, Any], name: str) -> Voice:
        said = str(entry.get("language", ""))
        language = said if _LANGUAGE.fullmatch(said) else self._settings.language or ANY_LANGUAGE
        gender = known_gender(str(entry.get("gender", "")))
        return Voice(f"openai:{name}", language, gender, self._revision, self._styles)

    @cached_property
    def _client(self) -> "AsyncOpenAI":
        import httpx2
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        key = self._settings.api_key
        limits = httpx2.Limits(
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=MOST_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE_S,
        )
        return AsyncOpenAI(
            api_key=key.get_secret_value() if key else "none",
            base_url=self._settings.base_url or "https://api.openai.com/v1",
            timeout=self._settings.silence_limit_ms / 1000,
            max_retries=0,  # once is decided outside, within the caller's deadline
            http_client=DefaultAsyncHttpxClient(limits=limits),
        )


def _name(entry: Mapping[str, Any]) -> str | None:
    """What a server calls a voice: its id or, where that cannot be part of one of ours, its name."""
    names = (entry.get(field) for field in ("id", "voice_id", "name"))
    return next((name for name in names if isinstance(name, str) and _NAME.fullmatch(name)), None)


@contextmanager
def _translated(voice: str = "") -> Iterator[None]:
    import httpx2
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        if voice and error.param == "voice":
            raise VoiceWithdrawnError(f"openai has no voice {voice}.") from error
        retry_after = error.response.headers.get("retry-after")
        raise error_for_status("openai", error.status_code, detail=error.message, retry_after=retry_after) from error
    except (openai.APIConnectionError, httpx2.HTTPError) as error:  # httpx2's: while the audio streams
        raise BackendNetworkError(f"openai cannot be reached or hung up: {type(error).__name__}.") from error
    except openai.APIError as error:
        raise BackendServerError(f"openai answered what nobody understands: {type(error).__name__}.") from error
