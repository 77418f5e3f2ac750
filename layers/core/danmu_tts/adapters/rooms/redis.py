"""Live rooms in Redis. A step is computed here and written in one piece, if nobody else wrote meanwhile.

So the policy is written once, in Python, and the script knows nothing of it. All keys of a room lie in one slot.
"""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from pydantic import ValidationError

from danmu_tts.adapters.connections.redis import read_record
from danmu_tts.adapters.redis.client import RedisClient, Script
from danmu_tts.domain.errors import InvalidRequestError, StoreAwayError
from danmu_tts.domain.room.state import decode, encode
from danmu_tts.observability import get_logger
from danmu_tts.ports.rooms import Listener, Room, RoomDocuments
from speech_contract.rooms import RoomSettings

logger = get_logger("rooms")
T = TypeVar("T")

_KEPT_S = 24 * 3600
_LISTENERS_KEPT_S = 3 * 3600
_MOST_TRIES = 64
_LONGEST_PAUSE_S = 0.02
_MOST_LISTENERS = 100
# Players say something every second, pages that are hidden once a minute.
_HEARD_S = 90
# Twice as much, and a state with them would not fit API Gateway's 128 KB.
_MOST_SETTINGS_BYTES = 48_000
_NO_VERSION = b"0"

# The clock is Redis's own: it is the one that all processes share.
_LOAD = Script("""
local now = redis.call('TIME')
return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]), now[1], now[2]}
""")
# What is kept begins with its version.
_COMMIT = Script("""
local kept = redis.call('GETRANGE', KEYS[1], 0, 19)
local version = string.match(kept, '^%d+') or '0'
if version ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
""")
# What is kept begins with when it was said. Who left without a word makes room for others.
_LISTEN = Script("""
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
    local kept = redis.call('HGETALL', KEYS[1])
    for i = 1, #kept, 2 do
        if tonumber(string.match(kept[i + 1], '^%d+')) < tonumber(ARGV[5]) then redis.call('HDEL', KEYS[1], kept[i]) end
    end
    if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
""")
_CONFIGURE = Script("""
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
""")
_LEAVE = Script("""
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if kept and string.find(kept, ARGV[2], 1, true) then redis.call('HDEL', KEYS[1], ARGV[1]) end
""")


class RedisRooms:
    """See ``ports.Rooms``."""

    def __init__(
        self,
        redis: RedisClient,
        documents: RoomDocuments,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``uniform``: a random number between two; ``clock`` gives Unix seconds."""
        self._redis = redis
        self._documents = documents
        self._sleep = sleep
        self._uniform = uniform
        self._clock = clock
        # The steps of one process would only get into each other's way.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def read(self, room: str) -> Room:
        """See ``ports.Rooms.read``."""
        return (await self._load(room))[0]

    async def change(self, room: str, step: Callable[[Room], T]) -> T:
        """See ``ports.Rooms.change``."""
        turn = self._turns.setdefault(room, asyncio.Lock())
        async with turn:
            for attempt in range(_MOST_TRIES):
                opened, version = await self._load(room)
                result = step(opened)
                kept = b"%d %s" % (int(version) + 1, encode(opened.state))
                if await self._redis.call(_COMMIT, [self._key(room, "state")], [version, kept, _KEPT_S]):
                    return result
                await self._sleep(self._uniform(0, min(_LONGEST_PAUSE_S, 0.001 * 2**attempt)))
        raise StoreAwayError("Too much goes on in this room at once. Send more events together.", retry_after_s=1)

    async def configure(self, room: str, change: Callable[[RoomSettings], RoomSettings]) -> RoomSettings:
        """See ``ports.Rooms.configure``."""
        key = self._key(room, "settings")
        for _ in range(_MOST_TRIES):
            kept = await self._redis.run("GET", key) or await self._fetch_settings(room)
            settings = change(_settings(kept))
            document = settings.model_dump_json(exclude_defaults=True).encode("utf-8", "surrogatepass")
            if len(document) > _MOST_SETTINGS_BYTES:
                raise InvalidRequestError(f"Settings have at most {_MOST_SETTINGS_BYTES:,} bytes.", param="settings")
            if await self._redis.call(_CONFIGURE, [key], [kept, document, _KEPT_S]):
                await self._documents.put(room, document)
                return settings
        raise StoreAwayError("These settings are changed by too many at once.", retry_after_s=1)

    async def listeners(self, room: str) -> Mapping[str, Listener]:
        """See ``ports.Rooms.listeners``."""
        found = await self._redis.run("HGETALL", self._key(room, "listeners"))
        heard = ((name.decode(), *record.split(b" ", 1)) for name, record in found.items())
        since_s = self._clock() - _HEARD_S
        return {name: _listener(name, record) for name, said_s, record in heard if int(said_s) >= since_s}

    async def add_listener(self, room: str, listener: Listener) -> None:
        """See ``ports.Rooms.add_listener``."""
        now_s = int(self._clock())
        record = json.dumps([listener.plays, json.dumps(asdict(listener.connection))])
        limits = [_MOST_LISTENERS, _LISTENERS_KEPT_S, now_s - _HEARD_S]
        arguments = [listener.id, f"{now_s} {record}", *limits]
        if not await self._redis.call(_LISTEN, [self._key(room, "listeners")], arguments):
            raise StoreAwayError(f"{_MOST_LISTENERS} listen to this room already.", retry_after_s=60)

    async def remove_listener(self, room: str, listener_id: str, connection_id: str) -> None:
        """See ``ports.Rooms.remove_listener``."""
        await self._redis.call(_LEAVE, [self._key(room, "listeners")], [listener_id, connection_id])

    async def _load(self, room: str) -> tuple[Room, bytes]:
        keys = [self._key(room, "state"), self._key(room, "settings")]
        kept, document, seconds, micros = await self._redis.call(_LOAD, keys)
        if document is None:
            document = await self._fetch_settings(room)
        version, _, state = (kept or _NO_VERSION).partition(b" ")
        now_ms = int(seconds) * 1000 + int(micros) // 1000
        return Room(room, decode(state), _settings(document), now_ms), version

    async def _fetch_settings(self, room: str) -> bytes:
        """Those that outlived Redis, or none."""
        document = await self._documents.get(room) or b"{}"
        await self._redis.run("SET", self._key(room, "settings"), document, "EX", _KEPT_S, "NX")
        return document

    def _key(self, room: str, what: str) -> str:
        return self._redis.key("room", f"{{{room}}}", what)


@lru_cache(maxsize=1024)
def _settings(document: bytes) -> RoomSettings:
    """A document that this version cannot read is told once, and the room is read as others are."""
    try:
        return RoomSettings.model_validate_json(document)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))} {each['type']}" for each in error.errors())
        logger.error("a room's settings cannot be read", extra={"reason": problems[:200]})
        return RoomSettings()


def _listener(listener_id: str, record: bytes) -> Listener:
    fields: list[Any] = json.loads(record)
    plays, connection = fields
    return Listener(listener_id, read_record(connection), plays)
