"""The S3 tier: audio's home on AWS, shared by all processes, and its presigned links."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TypeVar

from cachetools import LRUCache

from danmu_tts.adapters.availability import Availability
from danmu_tts.adapters.aws.s3_errors import S3AwayError
from danmu_tts.adapters.aws.s3_objects import SIDE_BY_SIDE, S3Objects
from danmu_tts.adapters.cache.s3_entries import S3Entries, StoredAudio
from danmu_tts.background import Background
from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.domain.cache_key import is_cache_key
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.plugins import CacheContext
from danmu_tts.ports import AudioLink, CacheHit
from danmu_tts.settings import Settings

T = TypeVar("T")

# About 3 MB of names of what is known to be stored.
_KNOWN = 10_000


def create(
    settings: Settings,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> "S3Cache":
    """The tier as it is set. Raises LookupError for what is missing, and how to get it."""
    own = settings.s3
    if own.bucket is None:
        raise LookupError("name the bucket in DANMU_TTS_S3__BUCKET")
    if find_spec("boto3") is None:
        raise LookupError("keeping audio in S3 needs boto3: pip install 'danmu-tts[aws]'")
    url_ttl_s, timeout_s = settings.audio.url_ttl_s, own.timeout_ms / 1000
    objects = S3Objects(own.bucket, timeout_s=timeout_s, clock=clock)
    entries = S3Entries(
        objects, clock, prefix=own.prefix, sse=own.sse, ttl_s=own.ttl_s, renew_after_s=own.ttl_s - url_ttl_s
    )
    return S3Cache(
        objects,
        entries,
        clock,
        url_ttl_s=url_ttl_s,
        max_entry_bytes=own.max_entry_bytes,
        patience_s=timeout_s,
        sleep=sleep,
    )


def create_tier(context: CacheContext) -> "S3Cache":
    """The same for whoever makes tiers by name."""
    return create(context.settings)


class S3Cache:
    """Keeps audio in a bucket and links to it. See ``ports.SpeechCache`` and ``ports.AudioLinks``.

    An entry lives from its first write: a second finds it there. While S3 is away everything is a miss at once.
    Calls run in threads of this tier's own. They go on when a caller leaves, and what they learn is not lost.
    """

    name = "s3"

    def __init__(
        self,
        objects: S3Objects,
        entries: S3Entries,
        clock: Callable[[], float],
        *,
        url_ttl_s: int,
        max_entry_bytes: int,
        patience_s: float,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        """Opens nothing yet.

        Args:
            clock: Unix seconds.
            patience_s: longest wait for audio or a link; then S3 is taken for away.
            sleep: between the probes while S3 is away.
        """
        self._objects = objects
        self._entries = entries
        self._clock = clock
        self._url_ttl_s = url_ttl_s
        self._max_entry_bytes = max_entry_bytes
        self._patience_s = patience_s
        self._availability = Availability("s3", self._probe, probe_limit_s=2 * patience_s, sleep=sleep)
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="s3")
        self._known: LRUCache[str, StoredAudio] = LRUCache(_KNOWN)
        self._writes: dict[str, asyncio.Task[StoredAudio | None]] = {}
        self._calls = Background()

    async def get(self, key: str) -> CacheHit | None:
        """Find what was stored under a key, is whole and has not expired."""
        if not is_cache_key(key):
            return None
        try:
            async with asyncio.timeout(self._patience_s):
                found = await self._ask(lambda: self._entries.read(key))
        except TimeoutError:
            self._availability.failed("no answer in time")
            return None
        if found is None:
            self._known.pop(key, None)
            return None
        speech, self._known[key] = found
        return CacheHit(speech, self.name)

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store; False for what is too large, for what is no key, or while S3 is away."""
        return await self._stored(key, speech, may_be_there=False) is not None

    async def delete(self, key: str) -> None:
        """Delete an entry; while S3 is away, it stays until it expires."""
        if is_cache_key(key):
            if write := self._writes.get(key):
                await asyncio.wait([write])
            self._known.pop(key, None)
            await self._ask(lambda: self._entries.delete(key))

    async def stats(self) -> dict[str, dict[str, int]]:
        """What this process knows to be there: counting the bucket would cost money."""
        known = list(self._known.values())
        used = sum(stored.size_bytes for stored in known)
        return {self.name: {"entries": len(known), "bytes": used, "max_bytes": 0}}

    async def link(self, key: str, speech: EncodedSpeech) -> AudioLink | None:
        """Make sure the audio is there, and sign its URL; None while S3 is away or slow."""
        if not self._availability.is_up:
            return None
        stored = self._recent(key)
        if stored is None or not self._objects.can_sign:
            try:
                async with asyncio.timeout(self._patience_s):
                    stored = await self._stored(key, speech, may_be_there=True)
                    if not self._objects.can_sign:
                        await self._ask(self._objects.prepare_to_sign)
            except TimeoutError:
                self._availability.failed("no answer in time")
                return None
        return self._objects.sign(stored.name, self._url_ttl_s) if stored else None

    async def check(self) -> None:
        """Write and read. Raises StoreAwayError, which says what is wrong."""
        try:
            await self._probe()
        except S3AwayError as error:
            raise StoreAwayError(str(error)) from error

    async def close(self) -> None:
        """Let calls end, stop watching, close the connections."""
        await self._availability.close()
        await asyncio.gather(*self._writes.values(), return_exceptions=True)
        await self._calls.finish()
        await asyncio.to_thread(self._threads.shutdown)
        self._objects.close()

    def _recent(self, key: str) -> StoredAudio | None:
        stored = self._known.get(key)
        return stored if stored and stored.renew_at > self._clock() else None

    async def _stored(self, key: str, speech: EncodedSpeech, *, may_be_there: bool) -> StoredAudio | None:
        """Where the audio lies, written if need be, by one writer a key. ``may_be_there``: ask before sending it."""
        if stored := self._recent(key):
            return stored
        if len(speech.audio) > self._max_entry_bytes or not is_cache_key(key) or not self._availability.is_up:
            return None
        write = self._writes.get(key)
        if write is None:
            write = self._writes[key] = asyncio.create_task(self._write(key, speech, may_be_there=may_be_there))
            write.add_done_callback(lambda _: self._writes.pop(key, None))
        return await asyncio.shield(write)

    async def _write(self, key: str, speech: EncodedSpeech, *, may_be_there: bool) -> StoredAudio | None:
        def write() -> StoredAudio:
            found = self._entries.find(key, speech) if may_be_there else None
            return found or self._entries.write(key, speech)

        stored = await self._ask(write)
        if stored:
            self._known[key] = stored
        return stored

    async def _ask(self, call: Callable[[], T]) -> T | None:
        """What a call answers; None while S3 is away, or where the call shows it to be."""
        if not self._availability.is_up:
            return None
        return await asyncio.shield(self._calls.start(self._call(call)))

    async def _call(self, call: Callable[[], T]) -> T | None:
        def unless_away() -> T | None:  # S3 may have gone while this waited for a thread
            return call() if self._availability.is_up else None

        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, unless_away)
        except S3AwayError as error:
            self._availability.failed(str(error), level=error.level)
            return None

    async def _probe(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, self._entries.probe)
