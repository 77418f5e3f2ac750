"""The one Redis client of a process: plain, cluster or embedded; quick to give up, and back without a restart."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar

from danmu_tts.adapters.availability import Availability
from danmu_tts.adapters.redis.connect import connect
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.settings import RedisSettings

T = TypeVar("T")
logger = get_logger("redis")

# It may have been this process that was too busy to read the answer in time.
_FIRST_PAUSE_S = 0.02


@dataclass(frozen=True)
class Script:
    """A Lua script, sent once and then called by its digest."""

    text: str

    @cached_property
    def sha1(self) -> str:
        """What Redis calls it."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class RedisClient:
    """Runs commands within their time limit, or raises StoreAwayError.

    After a failure every call fails at once, without a wait, until a probe in the background is answered: a request
    never pays the limit twice. All calls of one client come from one event loop.
    """

    def __init__(self, settings: RedisSettings) -> None:
        """Opens nothing yet."""
        self._settings = settings
        self._availability = Availability(
            "redis",
            self._ping,
            probe_limit_s=settings.connect_timeout_ms / 1000,
            first_pause_s=_FIRST_PAUSE_S,
        )
        self._places = asyncio.Semaphore(settings.max_connections)
        self._was_reached = False
        self._lost = asyncio.Event()

    @property
    def status(self) -> Literal["ok", "away", "embedded"]:
        """``ok``, ``away``, or ``embedded`` where it is a store inside this process."""
        if not self._availability.is_up:
            return "away"
        return "ok" if self._settings.url else "embedded"

    def key(self, *parts: str) -> str:
        """A key of ours. In a cluster, keys with the same part in braces lie together."""
        return ":".join((self._settings.prefix, *parts))

    async def run(self, command: Callable[[Any], Awaitable[T]]) -> T:
        """Run a command of the ``redis.asyncio`` client that it is given. Raises StoreAwayError."""
        self._check()
        limit_ms = self._settings.timeout_ms if self._was_reached else self._settings.connect_timeout_ms
        with self._translated():
            async with _Patience(limit_ms / 1000), self._places:
                result = await command(self._client)
        self._was_reached = True
        return result

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Any] = ()) -> Any:
        """Run a script. Raises StoreAwayError."""

        async def evaluate(client: Any) -> Any:
            from redis.exceptions import NoScriptError

            try:
                return await client.evalsha(script.sha1, len(keys), *keys, *args)
            except NoScriptError:
                return await client.eval(script.text, len(keys), *keys, *args)

        return await self.run(evaluate)

    async def wait(self, command: Callable[[Any], Awaitable[T]], limit_s: float) -> T:
        """Run a command that blocks for up to so many seconds, on a connection of its own.

        It is broken off when Redis goes away meanwhile. Raises StoreAwayError.
        """
        self._check()
        with self._translated():
            answer = asyncio.ensure_future(command(self._patient_client))
            lost = asyncio.ensure_future(self._lost.wait())
            try:
                late_s = limit_s + self._settings.timeout_ms / 1000
                await asyncio.wait({answer, lost}, timeout=late_s, return_when=asyncio.FIRST_COMPLETED)
                if answer.done():
                    return answer.result()
            finally:
                answer.cancel()
                lost.cancel()
            raise TimeoutError

    async def close(self) -> None:
        """Give the connections back."""
        await self._availability.close()
        for name in ("_client", "_patient_client"):
            if client := self.__dict__.pop(name, None):
                await client.aclose()

    def _check(self) -> None:
        if not self._availability.is_up:
            raise StoreAwayError("Redis is away.")
        self._lost.clear()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What Redis and the network raise, as ours. An answer that refuses one command says nothing of the others."""
        from redis import exceptions as errors

        gone = (errors.ConnectionError, errors.TimeoutError, errors.ClusterError, errors.ReadOnlyError)
        try:
            yield
        except (*gone, OSError) as error:  # builtin TimeoutError is an OSError
            self._lost.set()
            self._availability.failed(type(error).__name__)
            raise StoreAwayError("Redis is away.") from error
        except (errors.RedisError, ImportError) as error:
            logger.error("redis refused a command", extra=describe_error(error))
            raise StoreAwayError("Redis refused a command.") from error

    async def _ping(self) -> None:
        await self._client.ping()

    @cached_property
    def _client(self) -> Any:
        return connect(self._settings)

    @cached_property
    def _patient_client(self) -> Any:
        return connect(self._settings, beside=self._client)


class _Patience:
    """Like ``asyncio.timeout``, in two halves: a loop that was busy elsewhere gets to read an answer that is there."""

    __slots__ = ("_half", "_half_s", "_timeout")

    def __init__(self, limit_s: float) -> None:
        self._half_s = limit_s / 2
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._half = asyncio.get_running_loop().call_later(self._half_s, self._second_half)

    async def __aexit__(self, *raised: Any) -> None:
        self._half.cancel()
        await self._timeout.__aexit__(*raised)

    def _second_half(self) -> None:
        self._timeout.reschedule(asyncio.get_running_loop().time() + self._half_s)
