"""Several tiers that behave as one."""

from collections.abc import Awaitable, Sequence
from typing import TypeVar

from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.observability import get_logger
from danmu_tts.ports import CacheHit, SpeechCache

T = TypeVar("T")
logger = get_logger("cache")


class TieredCache:
    """Reads the nearest tier that has it, promotes it to those before, writes all. Itself a ``ports.SpeechCache``.

    A tier may be anybody's: one that raises has a miss, and the others go on.

    A hit does not touch the tiers behind it: a nearer tier's shorter life brings what is in use back to them in time.
    """

    name = "tiered"

    def __init__(self, tiers: Sequence[SpeechCache]) -> None:
        """``tiers``: fastest first."""
        self._tiers = tiers

    async def get(self, key: str) -> CacheHit | None:
        """Find it in the nearest tier."""
        for depth, tier in enumerate(self._tiers):
            hit = await _spared(tier, tier.get(key), None)
            if hit:
                for nearer in self._tiers[:depth]:
                    await _spared(nearer, nearer.set(key, hit.speech), False)
                return hit
        return None

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store in every tier; True when at least one kept it."""
        return any([await _spared(tier, tier.set(key, speech), False) for tier in self._tiers])

    async def stats(self) -> dict[str, dict[str, int]]:
        """All tiers' figures."""
        merged: dict[str, dict[str, int]] = {}
        for tier in self._tiers:
            merged |= await _spared(tier, tier.stats(), {})
        return merged


async def _spared(tier: SpeechCache, answer: Awaitable[T], otherwise: T) -> T:
    """What a tier answers, or what stands for it where the tier breaks."""
    try:
        return await answer
    except Exception:  # the edge of foreign code: a cache may be anybody's
        logger.exception("cache tier failed", extra={"tier": tier.name})
        return otherwise
