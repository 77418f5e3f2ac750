"""How a request is spoken: clean, choose a voice, look in the cache, synthesise, encode, keep, answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from danmu_tts.domain.audio import AudioChunk, Caption, EncodedSpeech
from danmu_tts.domain.cache_key import cache_key
from danmu_tts.domain.errors import DanmuTTSError, DeadlineExceededError, NoAudioError, NothingToSayError
from danmu_tts.domain.speech import Speech, SpeechRequest, Timings, Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.observability import describe_text, get_logger
from danmu_tts.ports import AudioEncoder, AudioEncoders, AudioLink, AudioLinks, CacheHit, Metrics, SpeechCache
from danmu_tts.services.voices import VoiceCatalogue
from danmu_tts.text.clean import clean
from danmu_tts.text.language import can_be_spoken, detect_language

logger = get_logger("performance")


@dataclass(frozen=True, slots=True)
class SpeakOptions:
    """What the operator decides for all requests."""

    default_language: str
    deadline_ms: int
    log_text: bool


class SpeakService:
    """The TTS manager. One instance a process."""

    def __init__(
        self,
        voices: VoiceCatalogue,
        cache: SpeechCache,
        links: AudioLinks,
        encoders: AudioEncoders,
        metrics: Metrics,
        options: SpeakOptions,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        """``clock`` counts seconds from any start; ``new_id`` never repeats itself."""
        self._voices = voices
        self._cache = cache
        self._links = links
        self._encoders = encoders
        self._metrics = metrics
        self._options = options
        self._clock = clock
        self._new_id = new_id

    async def speak(self, request: SpeechRequest) -> Speech:
        """Turn a text into finished audio.

        Raises:
            DanmuTTSError: any leaf of the tree; see ``domain/errors.py``.
        """
        started_s = self._clock()
        voice: Voice | None = None
        try:
            async with asyncio.timeout((request.deadline_ms or self._options.deadline_ms) / 1000):
                text = self._prepare(request.text)
                voice = await self._choose_voice(request, text)
                speech = await self._cached_or_made(request, text, voice, started_s)
        except TimeoutError as error:
            late = DeadlineExceededError(
                "The audio was not ready before the deadline. Shorten the text, or ask again when less is going on."
            )
            self._record(request, voice, late.code, started_s)
            raise late from error
        except DanmuTTSError as error:
            self._record(request, voice, error.code, started_s)
            raise
        self._record(request, voice, "ok", started_s, speech)
        return speech

    async def link(self, speech: Speech) -> AudioLink | None:
        """Name a short-lived URL for the audio, or None while the store is away."""
        return await self._links.link(speech.key, speech.encoded)

    def _prepare(self, text: str) -> str:
        text = clean(text)
        if not can_be_spoken(text):
            raise NothingToSayError("There is nothing to say: the text has no word and no digit.", param="text")
        return text

    async def _choose_voice(self, request: SpeechRequest, text: str) -> Voice:
        language = request.language or detect_language(text, self._options.default_language)
        return await self._voices.choose(asked=request.voice, backend=request.backend, language=language)

    async def _cached_or_made(self, request: SpeechRequest, text: str, voice: Voice, started_s: float) -> Speech:
        key = cache_key(text, voice, request.format, request.prosody)
        hit: CacheHit | None = await self._cache.get(key)
        self._metrics.cache(tier=hit.tier if hit else "miss")
        if hit:
            elapsed_ms = self._elapsed_ms(started_s)
            return Speech(self._new_id(), key, hit.speech, hit.tier, Timings(elapsed_ms, elapsed_ms))
        encoded, first_audio_ms = await self._make(request, text, voice, started_s)
        await self._cache.set(key, encoded)
        return Speech(self._new_id(), key, encoded, None, Timings(first_audio_ms, self._elapsed_ms(started_s)))

    async def _make(
        self, request: SpeechRequest, text: str, voice: Voice, started_s: float
    ) -> tuple[EncodedSpeech, float]:
        """Synthesise and encode while the engine goes on; the audio and when its first sample was there."""
        ratio = request.prosody.pitch_ratio
        utterance = Utterance(text, voice, tempo=request.prosody.speed / ratio, priority=request.priority)
        encoder: AudioEncoder | None = None
        audio = bytearray()
        captions: list[Caption] = []
        played_ms = first_audio_ms = 0.0
        async for chunk in self._voices.backends[voice.backend].synthesize(utterance):
            if encoder is None:
                first_audio_ms = self._elapsed_ms(started_s)
                self._metrics.first_audio(backend=voice.backend, seconds=first_audio_ms / 1000)
                encoder = self._encoders.open(
                    request.format, chunk.sample_rate_hz, volume=request.prosody.volume, pitch_ratio=ratio
                )
            audio += await asyncio.to_thread(encoder.write, chunk.pcm)
            captions.append(_caption(chunk, played_ms, ratio))
            played_ms += chunk.duration_ms / ratio
        if encoder is None:
            raise NoAudioError(f"{voice.id} made no audio for this text.")
        audio += await asyncio.to_thread(encoder.finish)
        return (
            EncodedSpeech(
                bytes(audio), request.format, encoder.sample_rate_hz, round(played_ms), voice.id, tuple(captions)
            ),
            first_audio_ms,
        )

    def _elapsed_ms(self, started_s: float) -> float:
        return (self._clock() - started_s) * 1000

    def _record(
        self, request: SpeechRequest, voice: Voice | None, status: str, started_s: float, speech: Speech | None = None
    ) -> None:
        backend = voice.backend if voice else "none"
        duration_s = self._clock() - started_s
        self._metrics.request(backend=backend, status=status, duration_s=duration_s)
        fields = describe_text(request.text, log_text=self._options.log_text) | {
            "status": status,
            "backend": backend,
            "voice": voice.id if voice else "",
            "cached": (speech.cached or "no") if speech else "no",
            "duration_ms": round(duration_s * 1000, 1),
            "room": request.room or "",
        }
        logger.info("speech", extra=fields)


def _caption(chunk: AudioChunk, start_ms: float, pitch_ratio: float) -> Caption:
    return Caption(chunk.text, round(start_ms), round(start_ms + chunk.duration_ms / pitch_ratio))
