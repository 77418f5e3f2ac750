"""A text that a frame asks for, spoken to whoever hears its stream; and what a client is told of finished speech."""

from dataclasses import dataclass

from danmu_tts.domain.access import Principal
from danmu_tts.domain.connections import Connection
from danmu_tts.domain.jobs import Hearer, Job
from danmu_tts.domain.speech import Speech
from danmu_tts.services.audio_stream import AudioStream
from danmu_tts.services.job_telling import done_frame, public_url
from danmu_tts.services.jobs import Jobs
from danmu_tts.services.speak import SpeakService
from danmu_tts.services.trying import Deferred
from danmu_tts.wire import speech_request
from speech_contract.frames import Speak


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

    def __init__(self, speak: SpeakService, jobs: Jobs, options: SpokenOptions) -> None:
        self._speak = speak
        self._jobs = jobs
        self._options = options

    async def speak(self, asked: Speak, principal: Principal, to: Connection, stream: AudioStream) -> None:
        """Speak to a stream's listener, to the end, or until a job goes on with it. Raises what speaking raises."""
        speech = await self._jobs.ask(
            speech_request(asked, principal), captions=asked.captions, hearer=Hearer(to, asked.id), listener=stream
        )
        if isinstance(speech, Deferred):
            await self._leave(stream, speech.job, to, asked.id)
            return
        done = done_frame(asked.id, speech, captions=asked.captions)
        stream.finish(done, speech.encoded.audio, await self._url(speech))

    async def _leave(self, stream: AudioStream, job: Job, to: Connection, utterance_id: str) -> None:
        """Leave it to the job, unless it was cancelled, or its client moved, while that was begun."""
        now_at = stream.leave()
        if now_at is None:
            self._jobs.drop(job)
        elif now_at is not to:
            await self._jobs.come_back(now_at, utterance_id)

    async def _url(self, speech: Speech) -> str | None:
        """Where audio is that is too long to be pushed; None where it is not, or cannot be stored now."""
        if len(speech.encoded.audio) <= self._options.most_pushed_bytes:
            return None
        link = await self._speak.link(speech)
        return public_url(link.url, self._options.audio_base_url) if link else None
