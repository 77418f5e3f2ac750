"""The tier that all processes share: audio as it is, after one line of JSON that describes it."""

from contextlib import suppress
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from danmu_tts.adapters.cache.description import Sound
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import get_logger
from danmu_tts.ports import CacheHit, Refusal

logger = get_logger("cache")


class _Refused(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    reason: Annotated[str, Field(min_length=1)]
    message: str


_header: TypeAdapter[Sound | _Refused] = TypeAdapter(Sound | _Refused)


class RedisCache:
    """Bounded by age and by the size of an entry; Redis' own eviction bounds the whole. See ``ports.RefusalCache``."""

    name = "redis"

    def __init__(self, redis: RedisClient, ttl_s: float, max_entry_bytes: int, refusal_ttl_s: float) -> None:
        self._redis = redis
        self._ttl_ms = round(ttl_s * 1000)
        self._max_entry_bytes = max_entry_bytes
        self._refusal_ttl_ms = round(refusal_ttl_s * 1000)
        self._written = 0

    async def get(self, key: str) -> CacheHit | Refusal | None:
        """Find what was stored under a key; while Redis is away, nothing."""
        try:
            value: bytes | None = await self._redis.run("GET", self._key(key))
        except StoreAwayError:
            return None
        if value is None:
            return None
        line, _, audio = value.partition(b"\n")
        try:
            header = _header.validate_json(line)
        except ValidationError:
            logger.warning("skipped a damaged cache entry", extra={"key": key})
            return None
        if isinstance(header, _Refused):
            return Refusal(header.reason, header.message)
        return CacheHit(header.with_audio(audio), self.name)

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store; False for what is too large, and while Redis is away."""
        if len(speech.audio) > self._max_entry_bytes:
            return False
        header = Sound.like(speech).model_dump_json().encode()
        stored = await self._put(key, header + b"\n" + speech.audio, self._ttl_ms)
        self._written += stored
        return stored

    async def refuse(self, key: str, refusal: Refusal) -> None:
        """Keep a refusal where there is no audio."""
        header = _Refused(reason=refusal.reason, message=refusal.message).model_dump_json().encode()
        await self._put(key, header + b"\n", self._refusal_ttl_ms, "NX")

    async def delete(self, key: str) -> None:
        """Forget an entry; while Redis is away, it stays until it expires."""
        with suppress(StoreAwayError):
            await self._redis.run("DEL", self._key(key))

    async def stats(self) -> dict[str, dict[str, int]]:
        """``entries``: written by this process; Redis does not count by prefix."""
        return {self.name: {"entries": self._written}}

    async def check(self) -> None:
        """Write something. Raises StoreAwayError."""
        await self._redis.run("SET", self._redis.key("probe"), b"", "PX", 1000)

    async def _put(self, key: str, value: bytes, ttl_ms: int, *condition: str) -> bool:
        try:
            await self._redis.run("SET", self._key(key), value, "PX", ttl_ms, *condition)
        except StoreAwayError:
            return False
        return True

    def _key(self, key: str) -> str:
        return self._redis.key("audio", key)
