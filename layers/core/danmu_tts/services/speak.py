"""How a request is spoken: read, count, rank the voices, get the audio of the first that speaks, answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from danmu_tts.domain.errors import (
    ContentBlockedError,
    DanmuTTSError,
    DeadlineExceededError,
    NothingToSayError,
    StoreAwayError,
    VoiceNotFoundError,
)
from danmu_tts.domain.jobs import Job
from danmu_tts.domain.reference_voices import reference_id
from danmu_tts.domain.selection import Wish
from danmu_tts.domain.speech import Speech, SpeechRequest
from danmu_tts.domain.voices import ANY_LANGUAGE, Voice
from danmu_tts.ports import AudioLink, AudioLinks, AudioListener, Readers
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.hooks import Hooks
from danmu_tts.services.limits import Limits
from danmu_tts.services.maker import Elsewhere
from danmu_tts.services.reference_voices import ReferenceVoices
from danmu_tts.services.speech_log import SpeechLog
from danmu_tts.services.trying import Asked, Defer, Deferred, Trying
from danmu_tts.text.terms import Action

if TYPE_CHECKING:
    from danmu_tts.text.reading import Reading


@dataclass(slots=True)
class _Course:
    """What is known of a request by the time it is logged."""

    deadline: asyncio.Timeout
    wanted: list[Voice] = field(default_factory=list)
    speech: Speech | None = None


class SpeakService:
    """The TTS manager. One instance a process."""

    def __init__(
        self,
        backends: BackendManager,
        readers: Readers,
        trying: Trying,
        limits: Limits,
        links: AudioLinks,
        hooks: Hooks,
        references: ReferenceVoices | None,
        log: SpeechLog,
        deadline_ms: int,
        clock: Callable[[], float],
    ) -> None:
        """``references``: None where nobody has a voice of his own; ``clock`` counts seconds from any start.

        ``deadline_ms``: of a request that names none.
        """
        self._backends = backends
        self._readers = readers
        self._trying = trying
        self._limits = limits
        self._links = links
        self._hooks = hooks
        self._references = references
        self._log = log
        self._deadline_ms = deadline_ms
        self._clock = clock

    async def speak(self, request: SpeechRequest, listener: AudioListener | None = None) -> Speech:
        """Turn a text into finished audio.

        Args:
            listener: hears it while it is made, if that is now and for this request, and no plugin wants to see the
                whole first. What it heard is void where the answer is other audio, or an error.

        Raises:
            DanmuTTSError: any leaf of the tree; see ``domain/errors.py``.
        """
        spoken = await self._spoken(request, listener)
        assert isinstance(spoken, Speech)  # noqa: S101 - nobody could defer it
        return spoken

    async def speak_or_defer(
        self, request: SpeechRequest, defer: Defer, listener: AudioListener | None = None
    ) -> Speech | Deferred:
        """The same, unless it is made elsewhere and the cache has it not: then the job that ``defer`` began."""
        return await self._spoken(request, listener, defer)

    async def finish(self, job: Job, elsewhere: Elsewhere, *, left_s: float, elapsed_s: float) -> Speech:
        """End a job within so many seconds: with what was made elsewhere, or where that fails with another voice.

        Raises what ``speak`` raises.
        """
        started_s = self._clock() - elapsed_s
        async with self._course(job.request, started_s, left_s) as course:
            reading = self._read(job.request)
            ranked = await self._rank(job.request, reading)
            course.wanted += [job.voice, *(each for each in ranked if each != job.voice)]
            permit = asyncio.get_running_loop().create_future()
            permit.set_result(())
            asked = Asked(job.request, reading, permit, started_s, course.deadline, elsewhere=elsewhere)
            spoken = await self._trying.first_that_speaks(asked, course.wanted)
            assert isinstance(spoken, Speech)  # noqa: S101 - nobody could defer it
            course.speech = await self._answered(replace(spoken, id=job.id))
        return course.speech

    async def _spoken(
        self, request: SpeechRequest, listener: AudioListener | None, defer: Defer | None = None
    ) -> Speech | Deferred:
        started_s = self._clock()
        async with self._course(request, started_s, (request.deadline_ms or self._deadline_ms) / 1000) as course:
            request = await self._hooks.pre_process(request)
            reading = self._read(request)
            permit = self._limits.take(request.principal, request.room, request.viewer, len(reading.spoken))
            course.wanted += await self._rank(request, reading)
            listener = listener if self._hooks.leave_audio else None
            asked = Asked(request, reading, permit, started_s, course.deadline, listener, defer)
            spoken = await self._trying.first_that_speaks(asked, course.wanted)
            if isinstance(spoken, Speech):
                spoken = course.speech = await self._answered(spoken)
        return spoken

    async def costs(self, request: SpeechRequest) -> bool:
        """Whether who should speak it has to be paid. Raises DanmuTTSError where nobody could."""
        voices = await self._rank(request, self._read(request))
        return self._backends.is_paid(voices[0].backend)

    async def link(self, speech: Speech) -> AudioLink | None:
        """Name a short-lived URL for the audio, or None while the store is away."""
        return await self._links.link(speech.key, speech.encoded)

    async def close(self) -> None:
        """Finish what is being kept."""
        await self._trying.close()

    def _read(self, request: SpeechRequest) -> "Reading":
        reader = self._readers.reader(request.room, request.principal.key_id)
        reading = reader.read(request.text, request.language)
        if reading.verdict.action is Action.DROP:
            categories = ", ".join(reading.verdict.categories)
            raise ContentBlockedError(f"The content filter does not let this be spoken: {categories}.", param="text")
        if not reading.spoken:
            raise NothingToSayError("There is nothing to say: the text has no word and no digit.", param="text")
        return reading

    async def _rank(self, request: SpeechRequest, reading: "Reading") -> list[Voice]:
        """The voices of the line's language, or where nobody has that one, of another language that is in it."""
        own = await self._own_voice(request)
        languages = dict.fromkeys([request.language or reading.language, *(span.language for span in reading.spans)])
        unspoken: list[VoiceNotFoundError] = []
        for language in languages:
            try:
                return await self._backends.rank(Wish(language, request.voice, request.backend), own)
            except VoiceNotFoundError as error:
                unspoken.append(error)
        raise unspoken[0]

    async def _own_voice(self, request: SpeechRequest) -> Voice | None:
        """Where it is not known whose a recording is, it stays unspoken, and another voice takes its place."""
        if self._references is None or request.voice is None:
            return None
        try:
            found = await self._references.find(request.voice, request.principal)
        except StoreAwayError:
            return Voice(f"xtts:{request.voice.removeprefix('xtts:')}", ANY_LANGUAGE)
        return found.voice if found else None

    async def _answered(self, speech: Speech) -> Speech:
        """As the plugins leave it. What a voice of somebody's own has spoken goes when that goes."""
        if self._references and reference_id(speech.encoded.voice):
            await self._references.note_audio(speech.encoded.voice, speech.key)
        return await self._hooks.post_process(speech)

    @asynccontextmanager
    async def _course(self, request: SpeechRequest, started_s: float, limit_s: float) -> AsyncIterator[_Course]:
        """Keep the deadline, and write down how it ends."""
        wanted: list[Voice] = []
        try:
            async with asyncio.timeout(limit_s) as deadline:
                course = _Course(deadline, wanted)
                yield course
        except TimeoutError as error:
            late = DeadlineExceededError(
                "The audio was not ready before the deadline. Shorten the text, or ask again when less is going on."
            )
            self._log.write(request, wanted, late.code, started_s)
            raise late from error
        except DanmuTTSError as error:
            self._log.write(request, wanted, error.code, started_s)
            raise
        self._log.write(request, wanted, "ok" if course.speech else "queued", started_s, course.speech)
