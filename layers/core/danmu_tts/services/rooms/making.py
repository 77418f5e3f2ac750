"""An utterance of a room is put into words and made, when it is asked for or a little before."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from danmu_tts.domain.access import Principal
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.errors import DanmuTTSError, VoiceNotFoundError
from danmu_tts.domain.room import speaking
from danmu_tts.domain.room.values import RoomUtterance
from danmu_tts.domain.speech import Priority, Prosody, Speech, SpeechRequest
from danmu_tts.observability import get_logger
from danmu_tts.ports import AudioLink, Room
from danmu_tts.services.rooms.efforts import Efforts
from danmu_tts.services.rooms.rules import saying_rules
from danmu_tts.services.speak import SpeakService
from danmu_tts.text.room_words import RoomWords, Saying

logger = get_logger("rooms")

_MOST_MS, _LEAST_MS = 10_000, 1_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be made, and how the room stood when it was chosen."""

    room: Room
    utterance: RoomUtterance
    saying: Saying
    tempo: float


class Making:
    """See the module. One instance a process."""

    def __init__(self, speak: SpeakService, words: RoomWords, clock: Callable[[], float]) -> None:
        """``clock`` counts seconds from any start."""
        self._speak = speak
        self._words = words
        self._clock = clock
        self.efforts = Efforts(clock)

    def choose(self, room: Room, utterance: RoomUtterance | None, backlog_ms: int) -> Chosen | None:
        """Put it into words. As part of a step: what is chosen must be worded as it is now."""
        if utterance is None:
            return None
        saying = self._words.say(utterance, saying_rules(room.settings))
        tempo = speaking.tempo_of(room.state, utterance, backlog_ms, room.settings.fastest)
        return Chosen(room, replace(utterance), saying, tempo)

    async def make(self, principal: Principal, chosen: Chosen) -> Speech:
        """Make it now. Raises DanmuTTSError."""
        request = self._request(principal, chosen, Priority.HIGH)
        try:
            return await self._made(request)
        except VoiceNotFoundError:
            if request.voice is None:
                raise
        return await self._made(replace(request, voice=None))

    async def prepare(self, principal: Principal, chosen: Chosen) -> bool:
        """Make it before it is asked for, unless it costs: it may never be. Returns whether the cache has it now."""
        request = self._request(principal, chosen, Priority.NORMAL)
        try:
            if await self._speak.costs(request):
                self.efforts.costs(chosen.room.name, chosen.utterance.voice)
                return False
            await self._made(request)
        except DanmuTTSError as error:
            logger.info("an utterance could not be prepared", extra={"room": chosen.room.name, "reason": error.code})
            return False
        return True

    async def link(self, speech: Speech) -> AudioLink | None:
        """See ``SpeakService.link``."""
        return await self._speak.link(speech)

    async def _made(self, request: SpeechRequest) -> Speech:
        """Make it, and learn how long a second of speech takes in that room now."""
        began_s = self._clock()
        speech = await self._speak.speak(request)
        if speech.cached is None and speech.encoded.duration_ms:
            self.efforts.took(request.room or "", self._clock() - began_s, speech.encoded.duration_ms / 1000)
        return speech

    def _request(self, principal: Principal, chosen: Chosen, priority: Priority) -> SpeechRequest:
        settings, utterance = chosen.room.settings, chosen.utterance
        left_ms = utterance.deadline_ms - chosen.room.now_ms
        return SpeechRequest(
            chosen.saying.text,
            voice=utterance.voice or None,
            format=AudioFormat.OPUS,
            prosody=Prosody(speed=round(settings.speed * chosen.tempo, 2), volume=settings.volume),
            priority=priority,
            deadline_ms=min(max(left_ms, _LEAST_MS), _MOST_MS),
            room=chosen.room.name,
            principal=principal,
            room_monthly_usd=settings.monthly_usd,
        )
