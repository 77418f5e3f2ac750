"""Connections and the utterances on their way to them, in Redis.

A connection's record holds all that is needed to send it something. A sorted set by expiry counts them, so that what
nobody removed is not counted for ever.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from danmu_tts.adapters.redis.client import RedisClient, Script
from danmu_tts.domain.access import Grant, Role
from danmu_tts.domain.connections import Connection
from danmu_tts.ports import Wishes

# An utterance whose speaker was not heard of for so long is forgotten.
_LEASE_MS = 3000

# What nobody removed goes with the next that comes, and all with the last.
_ADD = Script("""
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
""")
# Who wished something looks so soon whether it was taken.
_REMEMBERED_MS = 2000

# The hash of an utterance: "alive" while it is spoken, the wishes that nobody took, "taken" once one was.
_BEGIN = Script("""
if redis.call('HEXISTS', KEYS[1], 'alive') == 1 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'alive', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
""")
_LOOK = Script("""
if redis.call('HEXISTS', KEYS[1], 'alive') == 0 then return {false, false} end
local wishes = redis.call('HMGET', KEYS[1], 'cancel', 'listener')
if wishes[1] or wishes[2] then
    redis.call('HDEL', KEYS[1], 'cancel', 'listener')
    redis.call('HSET', KEYS[1], 'taken', 1)
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return wishes
""")
_END = Script("""
local fields = redis.call('HMGET', KEYS[1], 'taken', 'cancel', 'listener')
redis.call('DEL', KEYS[1])
if fields[1] and not fields[2] and not fields[3] then
    redis.call('HSET', KEYS[1], 'taken', 1)
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
""")
_WISH = Script("""
if redis.call('HEXISTS', KEYS[1], 'alive') == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
""")


class RedisConnections:
    """See ``ports.Connections``."""

    def __init__(self, redis: RedisClient, ttl_s: int, clock: Callable[[], float] = time.time) -> None:
        """``ttl_s``: how long a connection may last; ``clock`` gives Unix seconds."""
        self._redis = redis
        self._ttl_s = ttl_s
        self._clock = clock

    async def add(self, connection: Connection) -> None:
        """See ``ports.Connections.add``."""
        now = self._clock()
        await self._redis.run("SET", self._record(connection.id), _written(connection), "EX", self._ttl_s)
        await self._redis.call(_ADD, [self._all], [now, now + self._ttl_s, connection.id, self._ttl_s])

    async def remove(self, connection_id: str) -> None:
        """See ``ports.Connections.remove``."""
        await self._redis.run("ZREM", self._all, connection_id)
        await self._redis.run("DEL", self._record(connection_id))

    async def count(self) -> int:
        """See ``ports.Connections.count``."""
        await self._redis.run("ZREMRANGEBYSCORE", self._all, "-inf", self._clock())
        return int(await self._redis.run("ZCARD", self._all))

    @property
    def _all(self) -> str:
        return self._redis.key("connections")

    def _record(self, connection_id: str) -> str:
        return self._redis.key("connection", connection_id)


class RedisUtterances:
    """See ``ports.Utterances``."""

    def __init__(self, redis: RedisClient, lease_ms: int = _LEASE_MS) -> None:
        """``lease_ms``: how soon one whose speaker died is forgotten."""
        self._redis = redis
        self._lease_ms = lease_ms

    async def begin(self, owner: str, utterance_id: str) -> bool:
        """See ``ports.Utterances.begin``."""
        return bool(await self._redis.call(_BEGIN, [self._key(owner, utterance_id)], [self._lease_ms]))

    async def look(self, owner: str, utterance_id: str) -> Wishes:
        """See ``ports.Utterances.look``."""
        cancel, listener = await self._redis.call(_LOOK, [self._key(owner, utterance_id)], [self._lease_ms])
        if not listener:
            return Wishes(cancel is not None)
        record, seq = json.loads(listener)
        return Wishes(cancel is not None, read_record(record), seq)

    async def end(self, owner: str, utterance_id: str) -> None:
        """See ``ports.Utterances.end``."""
        await self._redis.call(_END, [self._key(owner, utterance_id)], [_REMEMBERED_MS])

    async def wish(self, owner: str, utterance_id: str, wishes: Wishes) -> bool:
        """See ``ports.Utterances.wish``."""
        fields = ["cancel", 1] if wishes.cancel else []
        if wishes.listener:
            fields += ["listener", json.dumps([_written(wishes.listener), wishes.seq])]
        return bool(await self._redis.call(_WISH, [self._key(owner, utterance_id)], fields))

    async def was_taken(self, owner: str, utterance_id: str) -> bool | None:
        """See ``ports.Utterances.was_taken``."""
        fields = await self._redis.run("HMGET", self._key(owner, utterance_id), "cancel", "listener", "taken")
        cancel, listener, taken = fields
        return None if cancel or listener else taken is not None

    def _key(self, owner: str, utterance_id: str) -> str:
        """Of a hash: a client's name is a secret between it and us."""
        name = hashlib.sha256(f"{owner}/{utterance_id}".encode()).hexdigest()[:32]
        return self._redis.key("utterance", name)


def _written(connection: Connection) -> str:
    return json.dumps(asdict(connection))


def read_record(record: str) -> Connection:
    """What was written of a connection."""
    fields: dict[str, Any] = json.loads(record)
    grant: dict[str, Any] = fields.pop("grant")
    role = grant.pop("role")
    return Connection(**fields, grant=Grant(**grant, role=Role(role) if role else None))
