"""Asking caches."""

from danmu_tts.ports import CacheHit, SpeechCache


async def a_hit(cache: SpeechCache, key: str) -> CacheHit:
    """What is kept under a key; it must be audio."""
    found = await cache.get(key)
    assert isinstance(found, CacheHit), found
    return found
