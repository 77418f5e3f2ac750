"""Players pull: whoever is ready is given the best that waits, made for it, and tells what became of it."""

import hashlib
from base64 import b64encode

from danmu_tts.domain.access import Principal, Role, Scope
from danmu_tts.domain.connections import Connection, ListenerGoneError
from danmu_tts.domain.errors import DanmuTTSError, ForbiddenError, NothingToSayError, StoreAwayError
from danmu_tts.domain.room import speaking
from danmu_tts.domain.room.admission import Changes, expire
from danmu_tts.domain.room.state import HandStatus
from danmu_tts.domain.room.values import Reason
from danmu_tts.domain.speech import Speech
from danmu_tts.observability import get_logger
from danmu_tts.ports import Listener, Room, Rooms
from danmu_tts.services.rooms.fates import Fates
from danmu_tts.services.rooms.making import Chosen, Making
from danmu_tts.services.rooms.telling import WATCHES_MS, Telling, mark_told
from danmu_tts.services.rooms.views import utterance_frame
from speech_contract import room_frames as frames

logger = get_logger("rooms")

# As base64, and with the frame around it: the 32 KB in which API Gateway counts a message, and the most that it takes.
_SHORT_BYTES, _MOST_INLINE_BYTES = 20_000, 75_000
_AFTER_FAILURE_MS, _AGAIN_AFTER_MS = 500, 3_000
_REASONS = {reason.value: reason for reason in Reason}


class Players:
    """Serves those who hear rooms. One instance a process."""

    def __init__(
        self,
        rooms: Rooms,
        making: Making,
        telling: Telling,
        fates: Fates,
        audio_base_url: str | None,
    ) -> None:
        """``audio_base_url``: what a URL of ours that begins with a slash is below; None where the client knows."""
        self._rooms = rooms
        self._making = making
        self._telling = telling
        self._fates = fates
        self._audio_base_url = audio_base_url
        self._preparing: set[str] = set()

    async def listen(self, connection: Connection, principal: Principal, asked: frames.Listen) -> None:
        """Let a connection hear a room. Raises ForbiddenError, StoreAwayError, ListenerGoneError."""
        principal.require(Scope.LISTEN, asked.room)
        plays = asked.role is frames.ListenRole.PLAYER
        if plays:
            _require_player(principal)
        await self._rooms.add_listener(asked.room, Listener(_id(connection), connection, plays))

        def step(opened: Room) -> tuple[Room, Changes]:
            changes = Changes()
            expire(opened.state, opened.now_ms, changes)
            if not plays:
                opened.state.watched_ms = opened.now_ms + WATCHES_MS
            return opened, changes

        opened, changes = await self._rooms.change(asked.room, step)
        self._fates.write(opened, changes)
        listening = frames.Listening(room=asked.room, role=asked.role, now=opened.now_ms)
        await self._telling.answer(connection, listening)
        await self._telling.changed(opened, changes)
        if not plays:
            listeners = await self._rooms.listeners(asked.room)
            await self._telling.answer(connection, await self._telling.state(opened, len(listeners)))

    async def ready(self, connection: Connection, principal: Principal, asked: frames.Ready) -> None:
        """Give a player the next utterance, or tell it to wait. Raises ForbiddenError, StoreAwayError, …"""
        principal.require(Scope.LISTEN, asked.room)
        _require_player(principal)
        player = _id(connection)
        # Again each time: it may have come back over another connection, or Redis without what it knew.
        await self._rooms.add_listener(asked.room, Listener(player, connection, True))

        def step(opened: Room) -> tuple[Room, Changes, bool, Chosen | None, Chosen | None]:
            changes, backlog_ms = Changes(), opened.state.backlog_ms
            active = speaking.attend(
                opened.state,
                player,
                connection.id,
                opened.now_ms,
                credit=asked.credits > 0,
                holds=asked.holds,
                changes=changes,
            )
            best = speaking.take(opened.state, opened.now_ms, asked.buffered_ms, changes) if active else None
            taken = self._making.choose(opened, best, backlog_ms)
            prepared = self._prepare(opened) if active else None
            mark_told(opened)
            return opened, changes, active, taken, prepared

        opened, changes, active, taken, prepared = await self._rooms.change(asked.room, step)
        self._fates.write(opened, changes)
        if taken:
            prepared = await self._give(connection, principal, taken)
        else:
            await self._telling.answer(connection, _wait(opened, active=active))
        await self._telling.changed(opened, changes)
        if prepared:
            await self._prepare_some(principal, prepared)

    async def played(self, connection: Connection, principal: Principal, asked: frames.Played) -> None:
        """Note what became of an utterance. Raises ForbiddenError and StoreAwayError."""
        principal.require(Scope.LISTEN, asked.room)
        player = _id(connection)

        def step(opened: Room) -> tuple[Room, Changes]:
            changes, state = Changes(), opened.state
            hand = speaking.find_hand(state, asked.id)
            if hand and hand.player == player:
                match asked.outcome:
                    case frames.PlayedOutcome.STARTED:
                        speaking.began(state, asked.id, opened.now_ms, changes)
                    case frames.PlayedOutcome.HEARD:
                        speaking.heard(state, asked.id, opened.now_ms, changes)
                    case ended:
                        speaking.give_up(state, asked.id, _reason(ended.value), changes)
                state.told_ms = 0  # who watches shall see it at once
            mark_told(opened)
            return opened, changes

        opened, changes = await self._rooms.change(asked.room, step)
        self._fates.write(opened, changes)
        await self._telling.changed(opened, changes)

    def _prepare(self, opened: Room) -> Chosen | None:
        """Choose what to make ahead. As part of a step."""
        state, name, efforts = opened.state, opened.name, self._making.efforts
        if name in self._preparing:
            return None
        best = speaking.prepare(
            state,
            opened.settings.fastest,
            opened.now_ms,
            efforts.ahead_ms(name),
            lambda each: efforts.is_free(name, each.voice),
        )
        return self._making.choose(opened, best, state.backlog_ms)

    async def _prepare_some(self, principal: Principal, first: Chosen) -> None:
        """Until enough is there, one after another: together they would take longer to the first one."""
        name, chosen = first.room.name, first
        for _ in range(speaking.MOST_PREPARED):
            self._preparing.add(name)
            try:
                is_made = await self._making.prepare(principal, chosen)
            finally:
                self._preparing.discard(name)
            following = await self._follows(name) if is_made else None
            if following is None:
                return
            chosen = following

    async def _follows(self, name: str) -> Chosen | None:
        try:
            return await self._rooms.change(name, self._prepare)
        except StoreAwayError:  # whoever asked has had an answer
            return None

    async def _give(self, connection: Connection, principal: Principal, taken: Chosen) -> Chosen | None:
        """Make it and send it. Returns what to prepare then."""
        try:
            speech = await self._making.make(principal, taken)
            audio = await self._audio(speech)
        except DanmuTTSError as error:
            await self._fail(connection, taken, error)
            return None
        opened, changes, is_wanted, prepared = await self._note_sent(connection, taken, speech)
        self._fates.write(opened, changes)
        try:
            if is_wanted:
                await self._send(connection, opened, taken, speech, audio)
            else:
                wait = frames.Waiting(room=opened.name, active=True, again_in_ms=0)
                await self._telling.answer(connection, wait)
        except ListenerGoneError:  # so nobody heard it, and it may yet be heard by this one come back, or another
            await self._rooms.change(
                opened.name, lambda room: speaking.put_back(room.state, taken.utterance.id, connection.id)
            )
            raise
        await self._telling.changed(opened, changes)
        return prepared

    async def _note_sent(
        self, connection: Connection, taken: Chosen, speech: Speech
    ) -> tuple[Room, Changes, bool, Chosen | None]:
        """Whether it is still wanted: it may have been retracted meanwhile."""
        utterance, encoded = taken.utterance, speech.encoded

        def step(opened: Room) -> tuple[Room, Changes, bool, Chosen | None]:
            changes = Changes()
            is_wanted = speaking.sent(
                opened.state,
                utterance.id,
                connection.id,
                encoded.voice,
                encoded.duration_ms,
                taken.tempo * opened.settings.speed,
                opened.now_ms,
            )
            if not is_wanted:
                speaking.give_up(opened.state, utterance.id, Reason.EXPIRED, changes, connection.id)
            prepared = self._prepare(opened)
            mark_told(opened)
            return opened, changes, is_wanted, prepared

        return await self._rooms.change(taken.room.name, step)

    async def _fail(self, connection: Connection, taken: Chosen, error: DanmuTTSError) -> None:
        """It could not be made. What was paid for is tried again where that may help; the rest is dropped."""
        room, utterance = taken.room.name, taken.utterance
        logger.warning(
            "an utterance could not be made", extra={"room": room, "danmu": utterance.id, "reason": error.code}
        )
        reason = Reason.NOTHING_TO_SAY if isinstance(error, NothingToSayError) else _reason(error.code)

        def step(opened: Room) -> tuple[Room, Changes]:
            changes = Changes()
            later_ms = opened.now_ms + _AGAIN_AFTER_MS
            is_later = error.retryable and utterance.rank.is_paid and later_ms < utterance.deadline_ms
            if not (is_later and speaking.put_back(opened.state, utterance.id, connection.id, later_ms)):
                speaking.give_up(opened.state, utterance.id, reason, changes, connection.id)
            mark_told(opened)
            return opened, changes

        opened, changes = await self._rooms.change(room, step)
        self._fates.write(opened, changes)
        wait = frames.Waiting(room=room, active=True, again_in_ms=_AFTER_FAILURE_MS, reason=error.code)
        await self._telling.answer(connection, wait)
        await self._telling.changed(opened, changes)

    async def _send(self, to: Connection, opened: Room, taken: Chosen, speech: Speech, audio: frames.AudioOf) -> None:
        """To all who listen; the sound to the player that asked. Raises ListenerGoneError where that is gone."""
        silent = utterance_frame(opened, taken, speech)
        await self._telling.answer(to, silent.model_copy(update={"audio": audio}))
        listeners = await self._rooms.listeners(opened.name)
        others = [listener for name, listener in listeners.items() if name != _id(to)]
        await self._telling.broadcast(opened.name, others, [silent])

    async def _audio(self, speech: Speech) -> frames.AudioOf:
        """As it is where it is short, else by URL. Raises StoreAwayError where it can be had neither way."""
        audio, content_type = speech.encoded.audio, speech.encoded.format.content_type
        if len(audio) > _SHORT_BYTES and (link := await self._making.link(speech)):
            url = f"{self._audio_base_url or ''}{link.url}" if link.url.startswith("/") else link.url
            return frames.AudioOf(url=url, content_type=content_type)
        if len(audio) > _MOST_INLINE_BYTES:
            raise StoreAwayError("The audio is too long for a message, and cannot be stored now.")
        return frames.AudioOf(data=b64encode(audio).decode("ascii"), content_type=content_type)


def _require_player(principal: Principal) -> None:
    if principal.role is Role.MONITOR:
        raise ForbiddenError("This room token only watches; one of role player plays.")


def _wait(room: Room, *, active: bool) -> frames.Waiting:
    settles_ms = speaking.next_settling_ms(room.state, room.now_ms) if active else None
    again_ms = min(speaking.HEARTBEAT_MS, settles_ms or speaking.HEARTBEAT_MS)
    is_making = active and any(hand.status is HandStatus.MAKING for hand in room.state.hands)
    reason = "making" if is_making else "paused" if room.state.paused else None
    return frames.Waiting(room=room.name, active=active, again_in_ms=again_ms, reason=reason)


def _reason(code: str) -> Reason:
    return _REASONS.get(code, Reason.FAILED)


def _id(connection: Connection) -> str:
    """Of a hash: a client's name is a secret between it and us."""
    return hashlib.sha256(connection.owner.encode()).hexdigest()[:16]
