"""The fastest tier: this process's memory."""

import threading
import time
from collections.abc import Callable

from cachetools import TTLCache

from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.ports import CacheHit, Refusal

_MOST_REFUSALS = 10_000
# What an entry costs beside its audio: the objects, the key, the captions.
_OVERHEAD_BYTES = 1024


class MemoryCache:
    """Bounded by bytes and age; the least recently used goes first. See ``ports.RefusalCache``."""

    name = "memory"

    def __init__(
        self, max_bytes: int, ttl_s: float, clock: Callable[[], float] = time.monotonic, *, refusal_ttl_s: float = 600
    ) -> None:
        self._max_bytes = max_bytes
        self._refusals: TTLCache[str, Refusal] = TTLCache(_MOST_REFUSALS, refusal_ttl_s, timer=clock)
        self._entries: TTLCache[str, EncodedSpeech] = TTLCache(max_bytes, ttl_s, timer=clock, getsizeof=_size)
        self._lock = threading.Lock()

    async def get(self, key: str) -> CacheHit | Refusal | None:
        """Find what was stored under a key and has not expired."""
        with self._lock:
            speech = self._entries.get(key)
            return CacheHit(speech, self.name) if speech else self._refusals.get(key)

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store; False for what is larger than the whole tier."""
        if _size(speech) > self._max_bytes:
            return False
        with self._lock:
            self._entries[key] = speech
        return True

    async def refuse(self, key: str, refusal: Refusal) -> None:
        """Keep a refusal. Audio of the same key goes before it."""
        with self._lock:
            self._refusals[key] = refusal

    async def delete(self, key: str) -> None:
        """Forget an entry."""
        with self._lock:
            self._entries.pop(key, None)
            self._refusals.pop(key, None)

    async def stats(self) -> dict[str, dict[str, int]]:
        """How full it is."""
        with self._lock:
            self._entries.expire()
            used, entries = int(self._entries.currsize), len(self._entries)
        return {self.name: {"entries": entries, "bytes": used, "max_bytes": self._max_bytes}}


def _size(speech: EncodedSpeech) -> int:
    return len(speech.audio) + _OVERHEAD_BYTES
