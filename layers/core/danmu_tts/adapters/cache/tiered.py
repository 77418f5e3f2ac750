"""Several tiers that behave as one."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from danmu_tts import foreign
from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.ports import CacheHit, SpeechCache

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
            hit = await _answer(tier, partial(tier.get, key))
            if isinstance(hit, CacheHit) and isinstance(hit.speech, EncodedSpeech):
                for nearer in self._tiers[:depth]:
                    await _answer(nearer, partial(nearer.set, key, hit.speech))
                return hit
        return None

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store in every tier; True when at least one kept it."""
        return any([await _answer(tier, partial(tier.set, key, speech)) is True for tier in self._tiers])

    async def stats(self) -> dict[str, dict[str, int]]:
        """All tiers' figures."""
        merged: dict[str, dict[str, int]] = {}
        for tier in self._tiers:
            figures = await _answer(tier, tier.stats)
            for name, each in figures.items() if isinstance(figures, dict) else ():
                if isinstance(each, dict):
                    merged[str(name)] = {str(key): value for key, value in each.items() if isinstance(value, int)}
        return merged


async def _answer(tier: SpeechCache, ask: Callable[[], Any]) -> Any:
    """What a tier answers; None where it breaks or takes too long."""
    try:
        return await foreign.call(ask, _LIMIT_S)
    except Exception as error:  # noqa: BLE001 - the edge of foreign code: a cache may be anybody's
        logger.error("cache tier failed", extra={"tier": tier.name} | describe_error(error))
        return None
