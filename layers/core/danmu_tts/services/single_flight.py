"""One synthesis for a key, however many ask for it at once: in this process, and through a store in all of them.

The first to ask makes it; the others wait for how that ends, each no longer than it may. Audio is everybody's. So is a
failure that anybody would meet; one that was the first asker's own (its time, its budget) lets another asker try.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress

from danmu_tts.background import Background
from danmu_tts.domain.errors import (
    BackendLateError,
    BackendRefusedError,
    BackendTimeoutError,
    BackendUnavailableError,
    StoreAwayError,
)
from danmu_tts.ports import CacheHit, Flight, Flights, Refusal, RefusalCache
from danmu_tts.services.maker import Made

# What an answer calls the source of audio that somebody else was just having made.
FLIGHT = "flight"
_DONE, _LEFT = b"done", b"left"
# A backend that was silent until less than this was left ran into the asker's deadline, not into its own limit.
_HASTE_S = 0.05
# Finished audio does not wait longer than this for a place to be kept in.
_KEEPING_LIMIT_S = 0.2

Make = Callable[[float], Awaitable[Made]]


class SingleFlight:
    """Finds audio in the cache, or has it made, once. One instance a process."""

    def __init__(self, cache: RefusalCache, flights: Flights, clock: Callable[[], float]) -> None:
        """``clock`` counts seconds from any start."""
        self._cache = cache
        self._flights = flights
        self._clock = clock
        self._aloft: dict[str, _Shared] = {}
        self._landing = Background()

    async def find(self, key: str) -> CacheHit | None:
        """Look in the cache. Raises what is kept there in place of audio."""
        found = await self._cache.get(key)
        if isinstance(found, Refusal):
            raise _error(found.reason, found.message)
        return found

    async def make(self, key: str, budget_s: float, make: Make) -> Made | CacheHit:
        """Have it made within so many seconds, or wait for who is making it. ``make`` is told how many are left.

        Raises BackendUnavailableError and whatever else ``make`` raises.
        """
        ends_s = self._clock() + budget_s
        while (left_s := ends_s - self._clock()) > 0:
            shared = self._aloft.get(key)
            leads = shared is None
            if shared is None:
                shared = self._aloft[key] = _Shared(self._fly(key, ends_s, make), lambda: self._aloft.pop(key))
            if not await shared.landed(None if leads else left_s):  # a leader's time is kept by ``make``
                break
            outcome = shared.outcome()
            if isinstance(outcome, BaseException):
                if leads or not _is_own(outcome):
                    raise outcome
                continue
            if leads:
                return outcome
            return CacheHit(outcome.encoded if isinstance(outcome, Made) else outcome.speech, FLIGHT)
        raise BackendLateError("It was being made for somebody else, and was not done in time.")

    async def close(self) -> None:
        """Finish what is landing."""
        await self._landing.finish()

    async def _fly(self, key: str, ends_s: float, make: Make) -> Made | CacheHit:
        """Make it, or wait for the process that does."""
        while (left_s := ends_s - self._clock()) > 0:
            try:
                flight = await self._enter(key)
                if flight.leads:
                    return await self._lead(key, flight, ends_s, make)
                outcome = await flight.landing(left_s)
            except StoreAwayError:
                return await self._make(key, ends_s, make, None)
            if outcome == _DONE:
                hit = await self.find(key)
                return CacheHit(hit.speech, FLIGHT) if hit else await self._make(key, ends_s, make, None)
            if outcome not in (None, _LEFT):
                raise _failure(outcome)
        raise BackendLateError("Another process was making it, and was not done in time.")

    async def _enter(self, key: str) -> Flight:
        """Enter, or let the key go again where the last asker leaves meanwhile: Redis may have done it already."""
        entering = asyncio.ensure_future(self._flights.enter(key))
        try:
            return await asyncio.shield(entering)
        except asyncio.CancelledError:
            self._landing.start(_leave(entering))
            raise

    async def _lead(self, key: str, flight: Flight, ends_s: float, make: Make) -> Made | CacheHit:
        """Make it, unless it landed between this asker's look into the cache and now."""
        try:
            hit = await self.find(key)
        except BaseException:
            self._land(flight, _LEFT)
            raise
        if hit:
            self._land(flight, _DONE)
            return hit
        return await self._make(key, ends_s, make, flight)

    async def _make(self, key: str, ends_s: float, make: Make, flight: Flight | None) -> Made:
        """Make it, keep it and tell the others."""
        try:
            made = await make(ends_s - self._clock())
        except BackendRefusedError as error:
            refusal = self._cache.refuse(key, Refusal(error.reason, error.message))
            await self._landed(flight, _message(error), refusal)
            raise
        except BackendUnavailableError as error:
            if isinstance(error, BackendTimeoutError) and ends_s - self._clock() < _HASTE_S:
                error.is_common = False
            await self._landed(flight, _message(error) if error.is_common else _LEFT)
            raise
        except BaseException:
            self._land(flight, _LEFT)
            raise
        await self._landed(flight, _DONE, self._cache.set(key, made.encoded))
        return made

    async def _landed(self, flight: Flight | None, outcome: bytes, keeping: Awaitable[object] | None = None) -> None:
        """Land, and wait for it while that is quick: whoever asks next finds what came of it, and no flight."""
        await asyncio.wait({self._land(flight, outcome, keeping)}, timeout=_KEEPING_LIMIT_S)

    def _land(
        self, flight: Flight | None, outcome: bytes, keeping: Awaitable[object] | None = None
    ) -> asyncio.Task[None]:
        """Keep what came of it and then tell the others, come what may of this asker."""

        async def land() -> None:
            if keeping:
                await keeping
            if flight:
                await flight.land(outcome)

        return self._landing.start(land())


class _Shared:
    """A flight that several askers of this process wait for. When the last of them has left, it is broken off."""

    def __init__(self, flight: "Awaitable[Made | CacheHit]", close: Callable[[], object]) -> None:
        """``close``: called once, when nobody may join any more."""
        self.task = asyncio.ensure_future(flight)
        self.task.add_done_callback(self._ended)
        self._close: Callable[[], object] | None = close
        self._waiting = 0

    async def landed(self, limit_s: float | None) -> bool:
        """Wait for it; False when the time is up."""
        self._waiting += 1
        try:
            await asyncio.wait({self.task}, timeout=limit_s)
        finally:
            self._waiting -= 1
            if not self._waiting and not self.task.done():
                self._closed()  # whoever asks while it is being broken off must not hear of that
                self.task.cancel()
        return self.task.done()

    def _ended(self, task: "asyncio.Future[Made | CacheHit]") -> None:
        self._closed()
        if not task.cancelled():
            task.exception()  # heard, if by nobody else

    def _closed(self) -> None:
        close, self._close = self._close, None
        if close:
            close()

    def outcome(self) -> Made | CacheHit | BaseException:
        """How it ended."""
        if self.task.cancelled():
            return asyncio.CancelledError()
        return self.task.exception() or self.task.result()


async def _leave(entering: Awaitable[Flight]) -> None:
    with suppress(StoreAwayError):
        flight = await entering
        if flight.leads:
            await flight.land(_LEFT)


def _is_own(error: BaseException) -> bool:
    """Whether it says nothing of how others would fare."""
    return isinstance(error, BackendUnavailableError) and not error.is_common


def _message(error: BackendUnavailableError) -> bytes:
    return json.dumps([error.reason, error.message, error.retry_after_s]).encode()


def _failure(outcome: bytes | None) -> BackendUnavailableError:
    reason, message, retry_after_s = json.loads(outcome or b"")
    return _error(reason, message, retry_after_s)


def _error(reason: str, message: str, retry_after_s: float | None = None) -> BackendUnavailableError:
    """What somebody else met, by its ``reason``."""
    kinds = {each.reason: each for each in BackendUnavailableError.__subclasses__()}
    return kinds.get(reason, BackendUnavailableError)(message, retry_after_s=retry_after_s)
