"""What a client is told over its connection when its job has ended."""

from base64 import b64encode

from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.domain.jobs import Hearer, JobFailure, JobState, JobStatus
from danmu_tts.domain.speech import Speech
from danmu_tts.services.delivery import Delivery
from danmu_tts.services.speak import SpeakService
from danmu_tts.wire import caption_answers, error_detail, timings_answer
from speech_contract.frames import MOST_AUDIO_BYTES, Audio, Cancelled, Done, Error


class JobTelling:
    """Sends the frames of a job's end."""

    def __init__(self, speak: SpeakService, delivery: Delivery, audio_base_url: str | None) -> None:
        """``audio_base_url``: what a URL of ours that begins with a slash is below; None where the client knows."""
        self._speak = speak
        self._delivery = delivery
        self._audio_base_url = audio_base_url

    async def tell(self, hearer: Hearer, state: JobState, speech: Speech | None) -> None:
        """Tell how it ended. ``speech``: with its audio, where it ended well. Raises ListenerGoneError."""
        to, name = hearer.connection, hearer.utterance_id
        if speech:
            for frame in await self._audio(name, speech):
                await self._delivery.send(to, frame)
            await self._delivery.send(to, done_frame(name, speech, captions=state.job.captions))
        elif state.status is JobStatus.CANCELLED:
            await self._delivery.send(to, Cancelled(id=name))
        else:
            why = state.failure or _GONE
            await self._delivery.send(to, Error(id=name, error=error_detail(why.http_status, why.code, why.message)))

    async def _audio(self, name: str, speech: Speech) -> list[Audio]:
        """By URL, so that a client that comes back need not hear it from its beginning; in pieces while that fails."""
        try:
            link = await self._speak.link(speech)
        except StoreAwayError:
            link = None
        if link:
            return [Audio(id=name, seq=0, url=public_url(link.url, self._audio_base_url), final=True)]
        audio = speech.encoded.audio
        starts = range(0, len(audio), MOST_AUDIO_BYTES)
        return [
            Audio(
                id=name,
                seq=seq,
                data=b64encode(audio[start : start + MOST_AUDIO_BYTES]).decode("ascii"),
                final=start + MOST_AUDIO_BYTES >= len(audio),
            )
            for seq, start in enumerate(starts)
        ]


_GONE = JobFailure(StoreAwayError.code, StoreAwayError.http_status, "Its audio is not kept any more. Ask again.")


def public_url(url: str, base_url: str | None) -> str:
    """A URL as a client can follow it."""
    return f"{base_url or ''}{url}" if url.startswith("/") else url


def done_frame(utterance_id: str, speech: Speech, *, captions: bool) -> Done:
    """The end of an utterance that was spoken."""
    encoded, fallback = speech.encoded, speech.fallback
    return Done(
        id=utterance_id,
        duration_ms=encoded.duration_ms,
        bytes=len(encoded.audio),
        format=encoded.format.value,
        sample_rate_hz=encoded.sample_rate_hz,
        voice=encoded.voice,
        backend=encoded.backend,
        fallback_from=fallback.voice if fallback else None,
        fallback_reason=fallback.reason if fallback else None,
        cached=speech.cached,
        captions=caption_answers(speech) if captions else None,
        cost_usd=speech.cost_usd,
        timings=timings_answer(speech.timings),
    )
