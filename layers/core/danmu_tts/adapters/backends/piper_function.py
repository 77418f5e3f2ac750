"""Piper in a Lambda function of its own (size, memory, licence), called directly."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from itertools import zip_longest
from typing import Any

from pydantic import ValidationError

from danmu_tts.adapters.backends.cloud import MOST_CONNECTIONS, CloudBackend
from danmu_tts.adapters.backends.vendor_audio import VendorAudio
from danmu_tts.adapters.backends.vendor_errors import error_for_status
from danmu_tts.domain.audio import AudioChunk, Caption
from danmu_tts.domain.errors import (
    BackendDisabledError,
    BackendNetworkError,
    BackendServerError,
    BadAudioError,
    NothingToSayError,
    VoiceWithdrawnError,
)
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.plugins import BackendContext
from danmu_tts.ports import Backend, BackendHealth, BackendTraits
from danmu_tts.settings_backends import PiperSettings
from danmu_tts.text.split import split_for_speech
from speech_contract.piper import NOTHING_TO_SAY, VOICE_GONE, PiperSpoken, SpeakPiper

_PACKAGED = Voice("piper:en_US-joe-medium", "en-US", "male", "function")


def create(context: BackendContext) -> Backend:
    """The factory that the settings name: the function where one is named, else Piper in this process."""
    settings = context.settings
    if settings.piper.function_name is None:
        from danmu_tts.adapters.backends import piper

        return piper.create(context)
    if find_spec("boto3") is None:
        raise BackendDisabledError("calling the Piper function needs boto3: pip install 'danmu-tts[aws]'")
    return PiperFunctionBackend(settings.piper, settings.piper.function_name)


class PiperFunctionBackend(CloudBackend):
    """Asks another function of ours. The credentials and the region are those of this one."""

    name = "piper"
    sdk = ("boto3",)

    def __init__(self, settings: PiperSettings, function_name: str) -> None:
        self._settings = settings
        self._function_name = function_name
        super().__init__((_PACKAGED,), settings.voices_ttl_s)
        self.traits = BackendTraits(silence_limit_s=settings.silence_limit_ms / 1000)

    async def health_check(self) -> BackendHealth:
        """Ask Lambda whether it would run the function, which runs nothing and costs nothing."""
        await self._load()
        with _translated():
            await asyncio.to_thread(self._dry_run)
        return BackendHealth(True, f"{len(self._list.get())} voices in function {self._function_name}")

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        """Speak; see ``ports.Backend``. A function's answer comes whole, so each piece of the text is asked for alone.

        While one piece is heard the next one is made.
        """
        pieces = split_for_speech(utterance.text) or [utterance.text]
        played_ms, nothing = 0.0, None
        ahead: asyncio.Task[AudioChunk] | None = None
        try:
            for piece, following in zip_longest(pieces, pieces[1:]):
                try:
                    chunk = await (ahead or self._begin(utterance, piece))
                except NothingToSayError as error:
                    chunk, nothing = None, error
                ahead = self._begin(utterance, following) if following else None
                if chunk is None:
                    continue
                yield replace(chunk, captions=tuple(_later(each, played_ms) for each in chunk.captions))
                played_ms += chunk.duration_ms
        finally:
            if ahead is not None:
                ahead.cancel()
        if nothing and not played_ms:
            raise nothing

    def _begin(self, utterance: Utterance, piece: str) -> "asyncio.Task[AudioChunk]":
        task = asyncio.create_task(self._say(utterance, piece))
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # a listener may have left
        return task

    async def _say(self, utterance: Utterance, piece: str) -> AudioChunk:
        name = utterance.voice.name
        spoken = await self._invoke(SpeakPiper(text=piece, voice=name, tempo=utterance.tempo))
        if spoken.error == NOTHING_TO_SAY:
            raise NothingToSayError(spoken.message, param="text")
        if spoken.error == VOICE_GONE:
            self._list.withdraw(name)
            raise VoiceWithdrawnError(spoken.message)
        if spoken.error:
            raise BackendServerError(f"piper's function failed: {spoken.message}")
        audio = VendorAudio(self.name)
        captions = tuple(Caption(each.text, each.start_ms, each.end_ms) for each in spoken.captions)
        chunk = audio.feed(spoken.audio, captions)
        audio.finish()
        if chunk is None:
            raise BadAudioError("piper's function sent no audio.")
        return chunk

    async def _close_connections(self) -> None:
        client = self.__dict__.pop("_client", None)
        if client:
            await asyncio.to_thread(client.close)

    async def _fetch_voices(self) -> Sequence[Voice]:
        spoken = await self._invoke(SpeakPiper())
        found = [Voice(f"piper:{each.name}", each.language, each.gender, each.revision) for each in spoken.voices]
        # It stays what it was before the list was there, so that its audio is found in the cache by every process.
        return [_PACKAGED if each.id == _PACKAGED.id else each for each in found]

    async def _invoke(self, message: SpeakPiper) -> PiperSpoken:
        await self._load()
        with _translated():
            payload = message.model_dump_json().encode()
            answer, failure = await asyncio.to_thread(self._call, payload)
        if failure:
            raise BackendServerError(f"piper's function failed: {failure}.")
        try:
            return PiperSpoken.model_validate_json(answer)
        except ValidationError as error:
            raise BackendServerError("piper's function answered what nobody understands.") from error

    def _dry_run(self) -> None:
        self._client.invoke(FunctionName=self._function_name, InvocationType="DryRun")

    def _call(self, payload: bytes) -> tuple[bytes, str | None]:
        answer = self._client.invoke(FunctionName=self._function_name, Payload=payload)
        return answer["Payload"].read(), answer.get("FunctionError")

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        seconds = self._settings.silence_limit_ms / 1000
        return boto3.client(
            "lambda",
            config=Config(
                max_pool_connections=MOST_CONNECTIONS,
                connect_timeout=seconds,
                read_timeout=seconds,
                retries={"total_max_attempts": 1},  # once is decided outside, within the caller's deadline
                tcp_keepalive=True,
            ),
        )


def _later(caption: Caption, by_ms: float) -> Caption:
    return replace(caption, start_ms=caption.start_ms + round(by_ms), end_ms=caption.end_ms + round(by_ms))


@contextmanager
def _translated() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        answer = error.response["ResponseMetadata"]
        retry_after = answer.get("HTTPHeaders", {}).get("retry-after")
        raise error_for_status("piper's function", answer["HTTPStatusCode"], retry_after=retry_after) from error
    except (BotoCoreError, OSError) as error:
        raise BackendNetworkError(f"piper's function cannot be reached: {type(error).__name__}.") from error
