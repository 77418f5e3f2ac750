"""Single flight through Redis: a lock with a lease says who makes it, a stream of one entry how it ended.

The lock's value names the flight. Whoever does not get the lock waits for the entry in that flight's stream, which
outlives it by some seconds, so nobody can come too late to hear of it. A leader renews its lease while it lives.
"""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from danmu_tts.adapters.redis.client import RedisClient, Script
from danmu_tts.domain.errors import StoreAwayError

_LEASE_S = 2.0
# A leader renews its lease so often within it, and a waiter looks as often whether the leader lives.
_LOOKS = 4
_REMEMBERED_S = 10.0

_ENTER = Script("""
local leader = redis.call('GET', KEYS[1])
if leader then return leader end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
""")
_RENEW = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
""")
_LAND = Script("""
redis.call('XADD', KEYS[2], '*', 'outcome', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
""")


class RedisFlights:
    """See ``ports.Flights``."""

    def __init__(
        self, redis: RedisClient, new_id: Callable[[], str] = lambda: uuid.uuid4().hex, lease_s: float = _LEASE_S
    ) -> None:
        """``lease_s``: how soon a leader that died is replaced."""
        self._redis = redis
        self._new_id = new_id
        self._lease_s = lease_s

    async def enter(self, key: str) -> "Led | Joined":
        """Lead the flight of a key, or join the one that is under way. Raises StoreAwayError."""
        mine, lock = self._new_id(), self._redis.key("flight", "{" + key + "}")
        leader = await self._redis.call(_ENTER, [lock], [mine, _ms(self._lease_s)])
        kind = Led if leader == mine.encode() else Joined
        return kind(self._redis, lock, leader.decode(), self._lease_s)


class Led:
    """A flight that this process leads; its lease is renewed until it lands."""

    leads = True

    def __init__(self, redis: RedisClient, lock: str, name: str, lease_s: float) -> None:
        self._redis = redis
        self._lock = lock
        self._name = name
        self._lease_s = lease_s
        self._landed = False
        self.renewing = asyncio.create_task(self._renew())

    async def land(self, outcome: bytes) -> None:
        """Tell whoever waits. Without Redis they find out by the lease."""
        self._landed = True
        self.renewing.cancel()
        keys = [self._lock, f"{self._lock}:{self._name}"]
        with suppress(StoreAwayError):
            await self._redis.call(_LAND, keys, [self._name, outcome, _ms(_REMEMBERED_S)])
        await asyncio.wait([self.renewing])  # the loop may end next

    async def landing(self, limit_s: float) -> bytes | None:
        """Nobody waits for himself."""
        return None

    async def _renew(self) -> None:
        while not self._landed:  # asyncio's timeouts lose a cancellation that comes with the answer
            await asyncio.sleep(self._lease_s / _LOOKS)
            with suppress(StoreAwayError):
                await self._redis.call(_RENEW, [self._lock], [self._name, _ms(self._lease_s)])


class Joined:
    """A flight that another process leads."""

    leads = False

    def __init__(self, redis: RedisClient, lock: str, name: str, lease_s: float) -> None:
        self._redis = redis
        self._lock = lock
        self._name = name
        self._lease_s = lease_s

    async def land(self, outcome: bytes) -> None:
        """Its leader does that."""

    async def landing(self, limit_s: float) -> bytes | None:
        """Hear how it ended; None where its leader died, or the time is up. Raises StoreAwayError."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + limit_s
        read = ("STREAMS", f"{self._lock}:{self._name}", "0-0")
        while (left_s := ends_s - loop.time()) > 0:
            look_s = min(left_s, self._lease_s / _LOOKS)
            if heard := await self._redis.wait(look_s, "XREAD", "BLOCK", max(1, _ms(look_s)), *read):
                return _outcome(heard)
            if await self._redis.run("GET", self._lock) != self._name.encode():
                heard = await self._redis.run("XREAD", *read)
                return _outcome(heard) if heard else None
        return None


def _outcome(heard: Any) -> bytes:
    """The one entry of the one stream."""
    outcome: bytes = heard[0][1][0][1][b"outcome"]
    return outcome


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
