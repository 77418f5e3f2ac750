"""What a client may do over its connection: speak, cancel, come back, ask who can speak."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from danmu_tts.background import Background
from danmu_tts.domain.access import Principal, Scope
from danmu_tts.domain.connections import Connection, ListenerGoneError
from danmu_tts.domain.errors import (
    DanmuTTSError,
    DeadlineExceededError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    StoreAwayError,
)
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.ports import Connections, Utterances, Wishes
from danmu_tts.services.access import Access
from danmu_tts.services.audio_stream import AudioStream
from danmu_tts.services.delivery import Delivery
from danmu_tts.services.jobs import Jobs
from danmu_tts.services.spoken import Spoken
from danmu_tts.wire import error_frame, internal_error
from speech_contract.frames import Cancel, Cancelled, Error, Resume, Speak, Unfinished

logger = get_logger("connections")

_LOOK_EVERY_S = 0.05
# A process with many utterances looks after each less often, so that looking takes no more than a tenth of its time.
_LOOK_COST_S, _LOOK_AT_LEAST_EVERY_S = 0.003, 1.0
# As long as a speaker that lives takes to notice a wish, and a busy machine's share.
_TAKEN_WITHIN_S = 2.0
_CANCEL_LOOKS = 6
# So many texts of one client are made or wait here at once; the messages that come after them must get through.
_MOST_AT_ONCE = 64
_Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What the operator decides.

    Attributes:
        limit_s: longest that an utterance may take, delivery included.
        return_s: how long a client that is gone may take to come back.
    """

    limit_s: float
    return_s: float


class Sessions:
    """Serves every connection. One instance a process; a connection's messages may come to different processes."""

    def __init__(
        self,
        access: Access,
        spoken: Spoken,
        delivery: Delivery,
        connections: Connections,
        utterances: Utterances | None,
        jobs: Jobs,
        options: SessionOptions,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``utterances``: None where there is no other process."""
        self._access = access
        self._spoken = spoken
        self._delivery = delivery
        self._connections = connections
        self._utterances = utterances
        self._jobs = jobs
        self._options = options
        self._sleep = sleep
        self._streams: dict[_Name, AudioStream] = {}
        self._ending = Background()

    async def connect(self, connection: Connection) -> None:
        """Note a new connection. It may speak without: what needs the record fails by itself while there is none."""
        await self._delivery.prepare()
        with suppress(StoreAwayError):
            await self._connections.add(connection)

    async def disconnect(self, connection: Connection) -> None:
        """Forget a connection that was closed."""
        await self._delivery.forget(connection)

    async def count(self) -> int:
        """How many connections there are. Raises StoreAwayError."""
        return await self._connections.count()

    async def authorize(self, connection: Connection) -> Principal:
        """Who sends a message. Asked each time: a key may have been withdrawn since. Raises UnauthorizedError."""
        return await self._access.principal_of(connection.grant)

    async def speak(self, connection: Connection, asked: Speak) -> None:
        """Speak a text to a connection. What it fails with after it was accepted goes to the client, and not up.

        Raises DanmuTTSError where it is not accepted.
        """
        principal = await self.authorize(connection)
        principal.require(Scope.SPEAK)
        name = (connection.owner, asked.id)
        if sum(owner == connection.owner for owner, _ in self._streams) >= _MOST_AT_ONCE:
            raise RateLimitedError(f"{_MOST_AT_ONCE} of your texts are unfinished. Wait for one.", retry_after_s=1)
        stream = AudioStream(asked.id, connection, self._delivery, self._options.return_s, lambda: self._end(name))
        await self._begin(name, stream)
        making = asyncio.create_task(self._make(stream, asked, principal, connection))
        watching = asyncio.create_task(self._watch(name, stream))
        late = DeadlineExceededError("The audio was not sent before the deadline. Shorten the text.")
        loop = asyncio.get_running_loop()
        limit = loop.call_later(self._options.limit_s, stream.break_off, error_frame(late, asked.id))
        try:
            await stream.run()
        except ListenerGoneError:
            logger.info("nobody listens any more")
        except Exception as error:
            logger.exception("unhandled error", extra=describe_error(error))
            await self._delivery.send(connection, Error(id=asked.id, error=internal_error()))
        finally:
            limit.cancel()
            making.cancel()
            watching.cancel()
            if self._streams.get(name) is stream:
                # Waited for: as soon as the handler returns, AWS Lambda may freeze the process.
                await asyncio.shield(self._ending.start(self._end(name)))

    async def cancel(self, connection: Connection, asked: Cancel) -> None:
        """Let an utterance be, whichever process speaks it. Raises NotFoundError for one that is done or unknown."""
        await self.authorize(connection)
        name = (connection.owner, asked.id)
        for _ in range(_CANCEL_LOOKS):
            stream = self._streams.get(name)
            if stream and not stream.is_left:
                stream.break_off(Cancelled(id=asked.id))
                return
            if await self._jobs.cancel_heard(*name) or await self._is_taken(name, Wishes(cancel=True)):
                return
            await self._sleep(_LOOK_EVERY_S)  # messages overtake each other: its ``speak`` may come yet
        raise NotFoundError(f"No utterance {asked.id!r} is on its way.", param="id")

    async def resume(self, connection: Connection, asked: Resume) -> None:
        """Go on with a client's utterances where it left, or tell it which are gone."""
        await self.authorize(connection)
        if connection.client is None:
            raise InvalidRequestError("Only who connects with ?client=… can come back.", param="speaks")
        await asyncio.gather(*(self._resume(connection, each) for each in asked.speaks))

    async def close(self) -> None:
        """Finish what is ending."""
        await self._ending.finish()
        await self._delivery.close()

    async def _begin(self, name: _Name, stream: AudioStream) -> None:
        """Take its name, in all processes if Redis is there. Raises InvalidRequestError where it is taken."""
        taken = InvalidRequestError(f"The utterance {name[1]!r} is not finished; give this one another id.", param="id")
        if name in self._streams:
            raise taken
        self._streams[name] = stream
        try:
            with suppress(StoreAwayError):
                if self._utterances and not await self._utterances.begin(*name):
                    raise taken
                if await self._jobs.is_heard(*name):
                    raise taken
        except BaseException:
            del self._streams[name]
            raise

    async def _end(self, name: _Name) -> None:
        """Let its name go."""
        self._streams.pop(name, None)
        if self._utterances:
            with suppress(StoreAwayError):
                await self._utterances.end(*name)

    async def _make(self, stream: AudioStream, asked: Speak, principal: Principal, to: Connection) -> None:
        try:
            await self._spoken.speak(asked, principal, to, stream)
        except DanmuTTSError as error:
            stream.break_off(error_frame(error, asked.id))
        except Exception as error:
            logger.exception("unhandled error", extra=describe_error(error))
            stream.break_off(Error(id=asked.id, error=internal_error()))

    async def _watch(self, name: _Name, stream: AudioStream) -> None:
        """Do what other processes want of it."""
        while self._utterances and self._streams.get(name) is stream:
            pause_s = max(_LOOK_EVERY_S, len(self._streams) * _LOOK_COST_S)
            await self._sleep(min(pause_s, _LOOK_AT_LEAST_EVERY_S))
            with suppress(StoreAwayError):
                wishes = await self._utterances.look(*name)
                if wishes.cancel and not stream.break_off(Cancelled(id=name[1])):
                    await self._jobs.cancel_heard(*name)
                if wishes.listener and not stream.move(wishes.listener, wishes.seq):
                    await self._jobs.come_back(wishes.listener, name[1])

    async def _resume(self, connection: Connection, unfinished: Unfinished) -> None:
        name = (connection.owner, unfinished.id)
        stream = self._streams.get(name)
        if stream and not stream.is_left:
            stream.move(connection, unfinished.seq)
            return
        try:
            wishes = Wishes(listener=connection, seq=unfinished.seq)
            goes_on = await self._is_taken(name, wishes) or await self._jobs.come_back(connection, unfinished.id)
        except StoreAwayError:
            goes_on = False
        if not goes_on:
            gone = NotFoundError("It is over, or whoever spoke it is gone. Speak it again: what was made is kept.")
            await self._delivery.send(connection, error_frame(gone, unfinished.id))

    async def _is_taken(self, name: _Name, wishes: Wishes) -> bool:
        """Want something of another process's utterance; whether it lives and took note. Raises StoreAwayError."""
        if self._utterances is None or not await self._utterances.wish(*name, wishes):
            return False
        looks = round(_TAKEN_WITHIN_S / _LOOK_EVERY_S)
        for _ in range(looks):
            await self._sleep(_LOOK_EVERY_S)
            taken = await self._utterances.was_taken(*name)
            if taken is not None:
                return taken
        with suppress(StoreAwayError):
            await self._utterances.end(*name)
        return False
