"""What happens in a chat comes in, and may be taken back."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from danmu_tts.domain.access import Principal, Scope
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.domain.room import removal
from danmu_tts.domain.room.admission import Changes, admit
from danmu_tts.domain.room.values import Danmu, Fate
from danmu_tts.domain.voices import primary_subtag
from danmu_tts.domain.withdrawals import Withdrawal
from danmu_tts.ports import Readers, Room, Rooms
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.rooms.fates import Fates
from danmu_tts.services.rooms.reading import EventReader
from danmu_tts.services.rooms.rules import room_rules
from danmu_tts.services.rooms.telling import Telling, mark_told
from danmu_tts.text.room_words import RoomWords
from speech_contract.events import Event
from speech_contract.rooms import Outcome, RoomSettings

_VOICES_KNOWN_S = 30.0
# A bot may not try again; on a busy machine Redis is often away for a moment only.
_PAUSES_S = (0.1, 0.3, 0.6)

Translate = Callable[[str, Mapping[str, object]], Event | Withdrawal | None]
"""A platform's name and one of its messages to what it says; raises InvalidRequestError."""


_Admitted = tuple[Room, Changes, Sequence[Danmu], Sequence[Fate]]


@dataclass(frozen=True, slots=True)
class Fed:
    """What became of a platform's messages."""

    outcomes: list[Outcome]
    retracted: int


class Feed:
    """Takes events in. One instance a process."""

    def __init__(
        self,
        rooms: Rooms,
        readers: Readers,
        backends: BackendManager,
        words: RoomWords,
        telling: Telling,
        fates: Fates,
        translate: Translate,
        new_id: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``clock`` counts seconds from any start; ``new_id`` names events that come without an id."""
        self._rooms = rooms
        self._readers = readers
        self._backends = backends
        self._words = words
        self._telling = telling
        self._fates = fates
        self._translate = translate
        self._new_id = new_id
        self._clock = clock
        self._sleep = sleep
        self._languages: dict[str, str] = {}
        self._languages_known_s = float("-inf")

    async def admit(self, principal: Principal, room: str, events: Sequence[Event]) -> list[Outcome]:
        """Take a batch in and tell what became of each, in order. Raises ForbiddenError and StoreAwayError."""
        principal.require(Scope.DANMU, room)
        # Named once, so that what is tried again counts once.
        named = [event if event.id else event.model_copy(update={"id": self._new_id()}) for event in events]
        opened, changes, danmu, fates = await self._admit(principal, room, named)
        self._fates.write(opened, changes, danmu, fates)
        # They are in: that those who listen cannot be told now is no reason to send them again.
        with suppress(StoreAwayError):
            if any(fate.into for fate in fates):
                await self._telling.nudge(opened)
            await self._telling.changed(opened, changes)
        return [_outcome(fate) for fate in fates]

    async def _admit(self, principal: Principal, room: str, events: Sequence[Event]) -> _Admitted:
        def step(opened: Room) -> _Admitted:
            changes = Changes()
            reader = self.event_reader(room, principal.key_id, opened.settings, self._new_id)
            danmu = [reader.read(event) for event in events]
            fates = admit(opened.state, room_rules(opened.settings), danmu, opened.now_ms, changes)
            mark_told(opened)
            return opened, changes, danmu, fates

        for pause_s in _PAUSES_S:
            try:
                await self._know_voices(room)
                return await self._rooms.change(room, step)
            except StoreAwayError:
                await self._sleep(pause_s)
        await self._know_voices(room)
        return await self._rooms.change(room, step)

    async def retract(self, principal: Principal, room: str, ids: Sequence[str]) -> int:
        """Take events back: out of the queue, or silenced. Returns how many were still there.

        Raises ForbiddenError and StoreAwayError.
        """
        if principal.role is None:
            principal.require(Scope.DANMU, room)
        else:
            principal.require_control(room)
        return await self._remove(room, lambda opened, changes: removal.retract(opened.state, ids, changes))

    async def feed(
        self, principal: Principal, room: str, platform: str, messages: Sequence[Mapping[str, object]]
    ) -> Fed:
        """Take in what a platform sends, as it sends it. Raises InvalidRequestError too, and then nothing was done."""
        principal.require(Scope.DANMU, room)
        said = [self._translate(platform, message) for message in messages]
        events = [each for each in said if isinstance(each, Event)]
        outcomes = await self.admit(principal, room, events) if events else []
        retracted = 0
        for withdrawal in said:
            if isinstance(withdrawal, Withdrawal):
                retracted += await self._withdraw(room, withdrawal)
        return Fed(outcomes, retracted)

    def event_reader(
        self, room: str, key_id: str | None, settings: RoomSettings, new_id: Callable[[], str]
    ) -> EventReader:
        """Reads what happens in a room as its settings, and the reading rules of it and the key, want it."""
        return EventReader(self._readers.reader(room, key_id), settings, self._words, self._languages, new_id)

    async def _withdraw(self, room: str, withdrawal: Withdrawal) -> int:
        def remove(opened: Room, changes: Changes) -> int:
            removed = removal.retract(opened.state, withdrawal.ids, changes) if withdrawal.ids else 0
            return removed + (removal.ban(opened.state, [withdrawal.viewer], changes) if withdrawal.viewer else 0)

        return await self._remove(room, remove)

    async def _remove(self, room: str, remove: Callable[[Room, Changes], int]) -> int:
        def step(opened: Room) -> tuple[Room, Changes, int]:
            changes = Changes()
            removed = remove(opened, changes)
            mark_told(opened)
            return opened, changes, removed

        opened, changes, removed = await self._rooms.change(room, step)
        self._fates.write(opened, changes)
        await self._telling.changed(opened, changes)
        return removed

    async def _know_voices(self, room: str) -> None:
        """Which voice speaks which language, for viewers who have one of their own."""
        if self._clock() - self._languages_known_s < _VOICES_KNOWN_S:
            return
        if not self._languages and not (await self._rooms.read(room)).settings.voices:
            return
        voices = await self._backends.list_voices()
        self._languages = {voice.id: primary_subtag(voice.language) for voice in voices}
        self._languages_known_s = self._clock()


def _outcome(fate: Fate) -> Outcome:
    if fate.reason:
        return Outcome(id=fate.id, outcome="dropped", reason=fate.reason.value)
    outcome = "merged" if fate.merged else "queued"
    return Outcome.model_validate({"id": fate.id, "outcome": outcome, "into": fate.into, "count": fate.count})
