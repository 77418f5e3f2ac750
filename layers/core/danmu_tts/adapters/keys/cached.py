"""The keys of any store, remembered for seconds, and for an hour while the store is away."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cachetools import TTLCache

from danmu_tts.domain.access import KeyRecord
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import get_logger
from danmu_tts.ports import KeyStore

logger = get_logger("keys")

_MOST_ENTRIES = 1024


@dataclass(slots=True)
class _Kept:
    record: KeyRecord
    asked_at_s: float


class CachedKeys:
    """A key store around another. See ``ports.KeyStore``.

    A key that is revoked or rotated dies in every process within ``cache_s``. While the store is away, a key that it
    gave less than ``stale_s`` ago stays as it was, revoked meanwhile or not, and the store is asked again after
    ``cache_s``. Unknown ids are remembered apart, so that guessing at ids pushes no key out.
    """

    def __init__(
        self, store: KeyStore, cache_s: float = 10.0, stale_s: float = 3600.0, clock: Callable[[], float] = time.time
    ) -> None:
        """``clock`` gives Unix seconds: it goes on while a function is frozen."""
        self._store = store
        self._cache_s = cache_s
        self._clock = clock
        self._known: TTLCache[str, _Kept] = TTLCache(_MOST_ENTRIES, stale_s, clock)
        self._unknown: TTLCache[str, float] = TTLCache(_MOST_ENTRIES, cache_s, clock)

    async def get(self, key_id: str) -> KeyRecord | None:
        """Remember a key, or ask for it. Raises StoreAwayError where nothing is known of it."""
        now_s = self._clock()
        kept = self._known.get(key_id)
        if kept and self._is_fresh(kept.asked_at_s, now_s):
            return kept.record
        if self._is_fresh(self._unknown.get(key_id), now_s):
            return None
        try:
            record = await self._store.get(key_id)
        except StoreAwayError:
            if kept is None:
                raise
            logger.warning("the key store is away; a key is taken for what it was", extra={"key_id": key_id})
            kept.asked_at_s = now_s
            return kept.record
        self._forget(key_id)
        if record:
            self._known[key_id] = _Kept(record, now_s)
        else:
            self._unknown[key_id] = now_s
        return record

    async def put(self, record: KeyRecord) -> None:
        """Store, and forget what was known."""
        await self._store.put(record)
        self._forget(record.id)

    async def list(self) -> Sequence[KeyRecord]:
        """All keys of the store, which is asked."""
        return await self._store.list()

    def _is_fresh(self, asked_at_s: float | None, now_s: float) -> bool:
        """A clock that was set back makes nothing younger."""
        return asked_at_s is not None and 0 <= now_s - asked_at_s < self._cache_s

    def _forget(self, key_id: str) -> None:
        self._known.pop(key_id, None)
        self._unknown.pop(key_id, None)
