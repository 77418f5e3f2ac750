"""A text that a frame asks for, spoken to whoever hears its stream."""

from dataclasses import dataclass

from danmu_tts.domain.access import Principal
from danmu_tts.domain.speech import Speech
from danmu_tts.services.audio_stream import AudioStream
from danmu_tts.services.speak import SpeakService
from danmu_tts.wire import caption_answers, speech_request, timings_answer
from speech_contract.frames import Done, Speak


@dataclass(frozen=True, slots=True)
class SpokenOptions:
    """What the operator decides.

    Attributes:
        most_pushed_bytes: longer audio that is ready goes by URL.
        audio_base_url: what a URL of ours that begins with a slash is below; None where the client knows.
    """

    most_pushed_bytes: int
    audio_base_url: str | None


class Spoken:
    """See the module."""

    def __init__(self, speak: SpeakService, options: SpokenOptions) -> None:
        self._speak = speak
        self._options = options

    async def speak(self, asked: Speak, principal: Principal, stream: AudioStream) -> None:
        """Speak to a stream's listener, to the end. Raises what ``SpeakService.speak`` raises."""
        speech = await self._speak.speak(speech_request(asked, principal), stream)
        stream.finish(_done(asked, speech), speech.encoded.audio, await self._url(speech))

    async def _url(self, speech: Speech) -> str | None:
        """Where audio is that is too long to be pushed; None where it is not, or cannot be stored now."""
        if len(speech.encoded.audio) <= self._options.most_pushed_bytes:
            return None
        link = await self._speak.link(speech)
        if link is None:
            return None
        return f"{self._options.audio_base_url or ''}{link.url}" if link.url.startswith("/") else link.url


def _done(asked: Speak, speech: Speech) -> Done:
    encoded, fallback = speech.encoded, speech.fallback
    return Done(
        id=asked.id,
        duration_ms=encoded.duration_ms,
        bytes=len(encoded.audio),
        format=encoded.format.value,
        sample_rate_hz=encoded.sample_rate_hz,
        voice=encoded.voice,
        backend=encoded.backend,
        fallback_from=fallback.voice if fallback else None,
        fallback_reason=fallback.reason if fallback else None,
        cached=speech.cached,
        captions=caption_answers(speech) if asked.captions else None,
        cost_usd=speech.cost_usd,
        timings=timings_answer(speech.timings),
    )
