"""The keys of any store, remembered for seconds, and for an hour while the store is away."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from cachetools import TTLCache

from danmu_tts.domain.access import KeyRecord
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import get_logger
from danmu_tts.ports import KeyStore

logger = get_logger("keys")

_MOST_ENTRIES = 1024
_MOST_SEARCHES = 8
_PAUSE_S = 1.0


@dataclass(slots=True)
class _Kept:
    record: KeyRecord
    asked_at_s: float
    number: int
    """Of the question that it answers, or of its writing; a higher one knows better."""


class CachedKeys:
    """A key store around another. See ``ports.KeyStore``.

    A key that is revoked or rotated dies in every process within ``cache_s``. While the store is away, a key that it
    gave less than ``stale_s`` ago stays as it was, revoked meanwhile or not, and the store is asked again after
    ``cache_s``. One that the store is slow to tell of stays as it was until told.

    The store is asked once for an id however many wait for it. Anybody may invent ids, so few that are unknown here
    are asked for at once, and none just after the store has failed; they are remembered apart and push no key out.
    """

    def __init__(
        self,
        store: KeyStore,
        cache_s: float = 10.0,
        stale_s: float = 3600.0,
        clock: Callable[[], float] = time.time,
        patience_s: float = 0.25,
    ) -> None:
        """``clock`` gives Unix seconds: it goes on while a function is frozen.

        ``patience_s`` is the longest wait for news of a key that was known.
        """
        self._store = store
        self._cache_s = cache_s
        self._clock = clock
        self._patience_s = patience_s
        self._known: TTLCache[str, _Kept] = TTLCache(_MOST_ENTRIES, stale_s, clock)
        self._unknown: TTLCache[str, float] = TTLCache(_MOST_ENTRIES, cache_s, clock)
        # What was asked before a function was frozen is no news after it: such a lookup is joined by nobody.
        self._lookups: TTLCache[str, asyncio.Task[KeyRecord | None]] = TTLCache(_MOST_ENTRIES, cache_s, clock)
        self._searches: set[asyncio.Task[KeyRecord | None]] = set()
        self._refreshes: set[asyncio.Task[KeyRecord | None]] = set()
        self._numbers = count()
        self._failed_at_s: float | None = None

    async def get(self, key_id: str) -> KeyRecord | None:
        """Remember a key, or ask for it. Raises StoreAwayError where nothing is known of it."""
        now_s = self._clock()
        kept = self._known.get(key_id)
        if kept and _is_within(self._cache_s, kept.asked_at_s, now_s):
            return kept.record
        if _is_within(self._cache_s, self._unknown.get(key_id), now_s):
            return None
        lookup = self._lookups.get(key_id) or self._begin(key_id, now_s, known=kept is not None)
        if kept is None:
            await asyncio.wait([lookup])
            return lookup.result()
        await asyncio.wait([lookup], timeout=self._patience_s)
        return lookup.result() if lookup.done() else self._known.get(key_id, kept).record

    async def put(self, record: KeyRecord) -> None:
        """Store, and remember it; what is being asked for meanwhile may be older."""
        await self._store.put(record)
        self._keep(record, self._clock(), next(self._numbers))

    async def list(self) -> Sequence[KeyRecord]:
        """All keys of the store, which is asked."""
        return await self._store.list()

    def _begin(self, key_id: str, now_s: float, *, known: bool) -> asyncio.Task[KeyRecord | None]:
        """Ask for a key, for all who want it; the lookup goes on when they leave."""
        if not known and (len(self._searches) >= _MOST_SEARCHES or _is_within(_PAUSE_S, self._failed_at_s, now_s)):
            raise StoreAwayError("The API keys cannot be read now.", retry_after_s=_PAUSE_S)
        lookup = asyncio.create_task(self._look_up(key_id, now_s, next(self._numbers)))
        running = self._refreshes if known else self._searches

        def ended(_: object) -> None:
            running.discard(lookup)
            if self._lookups.get(key_id) is lookup:
                del self._lookups[key_id]
            if not lookup.cancelled():
                lookup.exception()  # heard, if by nobody else

        lookup.add_done_callback(ended)
        running.add(lookup)
        self._lookups[key_id] = lookup
        return lookup

    async def _look_up(self, key_id: str, asked_at_s: float, number: int) -> KeyRecord | None:
        try:
            record = await self._store.get(key_id)
        except StoreAwayError:
            self._failed_at_s = self._clock()
            kept = self._known.get(key_id)
            if kept is None:
                raise
            logger.warning("the key store is away; a key is taken for what it was", extra={"key_id": key_id})
            kept.asked_at_s = self._failed_at_s
            return kept.record
        kept = self._known.get(key_id)
        if kept and kept.number > number:
            return kept.record
        if record:
            self._keep(record, asked_at_s, number)
        else:
            self._known.pop(key_id, None)
            self._unknown[key_id] = asked_at_s
        return record

    def _keep(self, record: KeyRecord, asked_at_s: float, number: int) -> None:
        self._unknown.pop(record.id, None)
        self._known[record.id] = _Kept(record, asked_at_s, number)


def _is_within(age_s: float, at_s: float | None, now_s: float) -> bool:
    """Whether something was less than so long ago. A clock that was set back makes nothing younger."""
    return at_s is not None and 0 <= now_s - at_s < age_s
