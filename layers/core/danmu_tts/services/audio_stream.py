"""One utterance's frames on their way to its listener: in order, as soon as there is something to send, to the end."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from danmu_tts.domain.connections import Connection, ListenerGoneError
from danmu_tts.services.delivery import Delivery
from speech_contract.frames import MOST_AUDIO_BYTES, Accepted, Audio, Cancelled, Done, Error

# So long the first word waits for the making to get under way: sending it takes the processor as long.
_HEAD_START_S = 0.003

End = Done | Cancelled | Error
Frame = Accepted | Audio | End


@dataclass
class _Take:
    """What one voice says, until another one has to begin anew.

    Attributes:
        first: number of its first piece.
        audio: all that is there of it.
        url: where all of it is, instead.
        cuts: where each piece ends that was ever on its way, and whether it is the last. One that has to be sent again
            is the same again: two resumes may overtake each other, and the client counts on what it has.
        index: which of the pieces is next.
    """

    first: int = 0
    audio: bytearray = field(default_factory=bytearray)
    url: str | None = None
    cuts: list[tuple[int, bool]] = field(default_factory=list)
    index: int = 0

    @property
    def seq(self) -> int:
        """Number of the next piece."""
        return self.first + self.index

    def next(self, utterance_id: str, *, whole: bool) -> Audio | None:
        """The next piece, if there is something to send. ``whole``: no more audio will come."""
        begins, is_final_cut = self.cuts[self.index - 1] if self.index else (0, False)
        if self.index == len(self.cuts):
            if is_final_cut or not (whole or begins < len(self.audio)):
                return None
            ends = len(self.audio) if self.url else min(begins + MOST_AUDIO_BYTES, len(self.audio))
            self.cuts.append((ends, whole and ends == len(self.audio)))
        ends, final = self.cuts[self.index]
        data = None if self.url else b64encode(self.audio[begins:ends]).decode("ascii")
        restart: Literal[True] | None = True if self.first > 0 and not self.index else None
        return Audio(id=utterance_id, seq=self.seq, data=data, url=self.url, final=final, restart=restart)

    def note(self) -> None:
        """The next piece was sent."""
        self.index += 1

    def rewind(self, seq: int) -> None:
        """Go to a piece. Where that was another take's, this one takes its place."""
        if seq < self.first:
            self.first = seq
            self.cuts.clear()
        self.index = min(seq - self.first, len(self.cuts))


class AudioStream:
    """See the module; also a ``ports.AudioListener``.

    Audio is kept until the end, so that a client that was cut off and came back hears what it missed.
    """

    def __init__(
        self,
        utterance_id: str,
        to: Connection,
        delivery: Delivery,
        return_s: float,
        release: Callable[[], Awaitable[None]],
    ) -> None:
        """Sends nothing yet.

        Args:
            return_s: how long a client that is gone may take to come back.
            release: lets its name go. Called before its end is sent: who hears that may use the name again at once.
        """
        self._id = utterance_id
        self._release = release
        self._to = to
        self._delivery = delivery
        self._return_s = return_s
        self._changed = asyncio.Event()
        self._moved = asyncio.Event()
        self._take = _Take()
        self._end: End | None = None
        self._is_accepted = self._is_broken_off = self._is_left = False
        self._sending: Frame | None = None

    def begin(self) -> None:
        """See ``ports.AudioListener``."""
        if not self._end:
            self._take = _Take(self._take.seq + isinstance(self._sending, Audio))

    def hear(self, data: bytes) -> None:
        """See ``ports.AudioListener``."""
        if data and not self._end:
            self._take.audio += data
            self._changed.set()

    def finish(self, done: Done, audio: bytes, url: str | None) -> None:
        """All audio is there: what was heard, or else this; by its URL where it has one."""
        if self._end:
            return
        if audio != self._take.audio:
            self.begin()
            self._take.audio += audio
            self._take.url = url
        self._end = done
        self._changed.set()

    def break_off(self, end: Cancelled | Error) -> bool:
        """Send nothing more but how it ended; False where its end is on its way already, or it was left."""
        if self._is_left or self._is_broken_off or (self._end and self._sending is self._end):
            return False
        self._is_broken_off, self._end = True, end
        self._changed.set()
        self._moved.set()
        return True

    @property
    def is_left(self) -> bool:
        """Whether somebody else goes on with it."""
        return self._is_left

    def leave(self) -> Connection | None:
        """Once it was accepted, send nothing more, not even an end: somebody else goes on, to where its client is now.

        None where its end is on its way.
        """
        if self._end:
            return None
        self._is_left = True
        self._changed.set()
        return self._to

    def move(self, to: Connection, seq: int) -> bool:
        """Go on with its client on another connection, from the first piece of audio that it has not heard.

        False where it was left.
        """
        if self._is_left:
            return False
        if to.id == self._to.id or to.connected_at_ms < self._to.connected_at_ms:
            return True  # nothing is lost over a connection that stands, and a late word of an older one says nothing
        self._to = to
        self._take.rewind(seq)
        self._changed.set()
        self._moved.set()
        return True

    async def run(self) -> None:
        """Send it all. Raises ListenerGoneError when nobody is there to hear the end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), _HEAD_START_S)
        while True:
            self._changed.clear()
            self._sending = self._next()
            if self._sending is None and self._is_left:
                return
            if self._sending is None:
                await self._changed.wait()
            elif self._sending is self._end:
                await self._release()
                await self._delivery.send(self._to, self._end)
                return
            else:
                await self._send(self._sending)

    def _next(self) -> Frame | None:
        if not self._is_accepted:
            return Accepted(id=self._id)
        if self._is_broken_off:
            return self._end
        return self._take.next(self._id, whole=self._end is not None) or self._end

    async def _send(self, frame: Frame) -> None:
        """Send a frame to where the client is. Where it moves meanwhile, it is looked at again what comes next."""
        to, take = self._to, self._take
        self._moved.clear()
        sending = asyncio.ensure_future(self._delivery.send(to, frame))
        sending.add_done_callback(lambda done: done.cancelled() or done.exception())  # heard, if by nobody else
        moving = asyncio.ensure_future(self._moved.wait())
        try:
            await asyncio.wait({sending, moving}, return_when=asyncio.FIRST_COMPLETED)
            if self._to is not to:
                return
            await sending
        except ListenerGoneError:
            await self._return(to)
            return
        finally:
            sending.cancel()
            moving.cancel()
        if isinstance(frame, Accepted):
            self._is_accepted = True
        if isinstance(frame, Audio) and take is self._take:
            take.note()

    async def _return(self, gone: Connection) -> None:
        """Wait for the client to come back. Raises ListenerGoneError where it does not."""
        self._moved.clear()
        if self._to is gone and gone.client and not self._is_broken_off:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), self._return_s)
        if self._to is gone:
            raise ListenerGoneError(gone.id)
