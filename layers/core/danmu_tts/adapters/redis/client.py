"""The one Redis client of a process: plain, cluster or embedded; quick to give up, and back without a restart."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Literal

from danmu_tts.adapters.availability import Availability
from danmu_tts.adapters.redis.connect import connect, disconnect
from danmu_tts.adapters.redis.patience import Patience
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.settings import RedisSettings

logger = get_logger("redis")

# It may have been this process that was too busy to read the answer in time.
_FIRST_PAUSE_S = 0.02
# An idle Redis looks ten times a second whether a blocked client's time is up ("hz" in redis.conf).
_LATE_S = 0.1
_PROBE_KEPT_MS = 1000


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
            self._probe,
            probe_limit_s=settings.connect_timeout_ms / 1000,
            first_pause_s=_FIRST_PAUSE_S,
        )
        self._places = asyncio.Semaphore(settings.max_connections)
        self._was_reached = False
        self._lost = asyncio.Event()

    @property
    def status(self) -> Literal["ok", "away", "embedded"]:
        """``embedded``: it is a store inside this process."""
        if self._is_none or not self._availability.is_up:
            return "away"
        return "ok" if self._settings.url else "embedded"

    def key(self, *parts: str) -> str:
        """A key of ours. In a cluster, keys with the same part in braces lie together."""
        return ":".join((self._settings.prefix, *parts))

    async def run(self, *command: Any) -> Any:
        """Run a command, as ``run("GET", key)``; what redis-py makes of the answer. Raises StoreAwayError."""
        with self._translated():
            return await self._ask(*command)

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Any] = ()) -> Any:
        """Run a script. Raises StoreAwayError."""
        from redis.exceptions import NoScriptError

        with self._translated():
            try:
                return await self._ask("EVALSHA", script.sha1, len(keys), *keys, *args)
            except NoScriptError:
                return await self._ask("EVAL", script.text, len(keys), *keys, *args)

    async def wait(self, limit_s: float, *command: Any) -> Any:
        """Run a command that blocks for up to so many seconds, on a connection of its own; None where it took longer.

        That says nothing of Redis, which may end such a command late. It is broken off when Redis goes away meanwhile.
        Raises StoreAwayError.
        """
        self._check()
        with self._translated():
            answer = asyncio.ensure_future(self._patient_client.execute_command(*command))
            answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # heard, if by nobody else
            lost = asyncio.ensure_future(self._lost.wait())
            try:
                late_s = limit_s + _LATE_S + self._settings.timeout_ms / 1000
                await asyncio.wait({answer, lost}, timeout=late_s, return_when=asyncio.FIRST_COMPLETED)
                if answer.done():
                    return answer.result()
                if lost.done():
                    raise StoreAwayError("Redis went away.")
                return None
            finally:
                answer.cancel()
                lost.cancel()

    async def close(self) -> None:
        """Give the connections back."""
        await self._availability.close()
        for name in ("_client", "_patient_client"):
            if client := self.__dict__.pop(name, None):
                await disconnect(client)

    def _check(self) -> None:
        if self._is_none:
            raise StoreAwayError("There is no Redis: DANMU_TTS_REDIS__URL names none.")
        if not self._availability.is_up:
            raise StoreAwayError("Redis is away.")
        self._lost.clear()

    async def _ask(self, *command: Any) -> Any:
        self._check()
        limit_ms = self._settings.timeout_ms if self._was_reached else self._settings.connect_timeout_ms
        async with self._places:
            self._check()  # it may have gone away while this waited for a place
            async with Patience(limit_ms / 1000):
                answer = await self._client.execute_command(*command)
        self._was_reached = True
        return answer

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What Redis and the network raise, as ours. An answer that refuses one command says nothing of the others."""
        from redis import exceptions as errors

        # A cluster that cannot be looked up is a RedisClusterException, which is no RedisError.
        of_cluster = (errors.ClusterError, errors.RedisClusterException)
        useless = (errors.ReadOnlyError, errors.OutOfMemoryError)
        gone = (errors.ConnectionError, errors.TimeoutError, *useless, *of_cluster)
        try:
            yield
        except (*gone, OSError) as error:  # builtin TimeoutError is an OSError
            self._lost.set()
            self._availability.failed(type(error).__name__)
            raise StoreAwayError(f"Redis is away ({type(error).__name__}).") from error
        except (errors.RedisError, ImportError) as error:
            logger.error("redis refused a command", extra=describe_error(error))
            raise StoreAwayError(f"Redis refused a command ({type(error).__name__}).") from error

    async def _probe(self) -> None:
        """Write a key: one that is read-only, full, or a cluster without a place for it answers PING all the same."""
        await self._client.set(self.key("probe"), b"", px=_PROBE_KEPT_MS)

    @cached_property
    def _is_none(self) -> bool:
        """Neither one that is named nor, as in a function of Lambda, a package to play one."""
        return self._settings.url is None and find_spec("fakeredis") is None

    @cached_property
    def _client(self) -> Any:
        return connect(self._settings)

    @cached_property
    def _patient_client(self) -> Any:
        return connect(self._settings, beside=self._client)
