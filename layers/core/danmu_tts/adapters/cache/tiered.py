"""Several tiers that behave as one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.ports import CacheHit, SpeechCache

T = TypeVar("T")
logger = get_logger("cache")

# Finished audio does not wait longer than this for a place to be kept in.
_LIMIT_S = 2.0


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
            hit = await _spared(tier, partial(tier.get, key), None)
            if isinstance(hit, CacheHit) and isinstance(hit.speech, EncodedSpeech):
                for nearer in self._tiers[:depth]:
                    await _spared(nearer, partial(nearer.set, key, hit.speech), False)
                return hit
        return None

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store in every tier; True when at least one kept it."""
        return any([await _spared(tier, partial(tier.set, key, speech), False) for tier in self._tiers])

    async def stats(self) -> dict[str, dict[str, int]]:
        """All tiers' figures."""
        merged: dict[str, dict[str, int]] = {}
        for tier in self._tiers:
            nothing: dict[str, dict[str, int]] = {}
            figures = await _spared(tier, tier.stats, nothing)
            figures = figures if isinstance(figures, dict) else nothing
            merged |= {name: each for name, each in figures.items() if isinstance(each, dict)}
        return merged


async def _spared(tier: SpeechCache, ask: Callable[[], Awaitable[T]], otherwise: T) -> T:
    """What a tier answers, or what stands for it where the tier breaks or takes too long."""
    try:
        async with asyncio.timeout(_LIMIT_S):
            return await ask()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the edge of foreign code: a cache may be anybody's
        logger.error("cache tier failed", extra={"tier": tier.name} | describe_error(error))
        return otherwise
