"""Several tiers that behave as one."""

from collections.abc import Sequence

from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.ports import CacheHit, SpeechCache


class TieredCache:
    """Reads the nearest tier that has it, promotes it to those before, writes all. Itself a ``ports.SpeechCache``.

    A hit does not touch the tiers behind it: a nearer tier's shorter life brings what is in use back to them in time.
    """

    name = "tiered"

    def __init__(self, tiers: Sequence[SpeechCache]) -> None:
        """``tiers``: fastest first."""
        self._tiers = tiers

    async def get(self, key: str) -> CacheHit | None:
        """Find it in the nearest tier."""
        for depth, tier in enumerate(self._tiers):
            hit = await tier.get(key)
            if hit:
                for nearer in self._tiers[:depth]:
                    await nearer.set(key, hit.speech)
                return hit
        return None

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store in every tier; True when at least one kept it."""
        return any([await tier.set(key, speech) for tier in self._tiers])

    async def stats(self) -> dict[str, dict[str, int]]:
        """All tiers' figures."""
        merged: dict[str, dict[str, int]] = {}
        for tier in self._tiers:
            merged |= await tier.stats()
        return merged
