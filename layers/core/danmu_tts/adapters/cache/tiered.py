"""Several tiers that behave as one."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from danmu_tts import foreign
from danmu_tts.background import Background
from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.ports import CacheHit, Refusal, RefusalCache, SpeechCache
from danmu_tts.ports.cache import ErasableCache

logger = get_logger("cache")

# Finished audio does not wait longer than this for a place to be kept in.
_LIMIT_S = 2.0
_CHECK_LIMIT_S = 10.0


class TieredCache:
    """Reads the nearest tier that has it and promotes it to those before. Itself a ``ports.RefusalCache``.

    A write is done when a tier that other processes read has it; slower tiers are written behind the asker's back.
    A tier may be anybody's: one that raises has a miss, and the others go on.

    A hit does not touch the tiers behind it: a nearer tier's shorter life brings what is in use back to them in time.
    """

    name = "tiered"

    def __init__(
        self,
        tiers: Sequence[SpeechCache],
        *,
        private: Collection[str] = ("memory",),
        trusted: Collection[str] = (),
    ) -> None:
        """Names of tiers say what is known of them.

        Args:
            tiers: fastest first.
            private: those that only this process reads.
            trusted: those that raise nothing and keep a time limit of their own: a look costs no second one.
        """
        self._tiers = tiers
        self._private = private
        self._trusted = trusted
        self._behind = Background()

    async def get(self, key: str) -> CacheHit | Refusal | None:
        """Find it in the nearest tier."""
        for depth, tier in enumerate(self._tiers):
            found = await (tier.get(key) if tier.name in self._trusted else _answer(tier, partial(tier.get, key)))
            if isinstance(found, CacheHit) and isinstance(found.speech, EncodedSpeech):
                await self._promote(key, found.speech, self._tiers[:depth])
                return found
            if isinstance(found, Refusal):
                return found
        return None

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store in every tier; True when at least one has it already."""
        kept = False
        for depth, tier in enumerate(self._tiers):
            stored = await _answer(tier, partial(tier.set, key, speech)) is True
            kept = kept or stored
            if stored and tier.name not in self._private:
                self._behind.start(self._write(key, speech, self._tiers[depth + 1 :]))
                break
        return kept

    async def refuse(self, key: str, refusal: Refusal) -> None:
        """Keep a refusal in the tiers that keep such."""
        for tier in self._tiers:
            if isinstance(tier, RefusalCache):
                await _answer(tier, partial(tier.refuse, key, refusal))

    async def delete(self, key: str) -> None:
        """Forget it in the tiers that can, the slowest first: a nearer one is filled from those behind it."""
        await self._behind.finish(_LIMIT_S)  # what is being written would be there afterwards
        for tier in reversed(self._tiers):
            if isinstance(tier, ErasableCache):
                await _answer(tier, partial(tier.delete, key))

    async def stats(self) -> dict[str, dict[str, int]]:
        """All tiers' figures."""
        merged: dict[str, dict[str, int]] = {}
        for tier in self._tiers:
            figures = await _answer(tier, tier.stats)
            for name, each in figures.items() if isinstance(figures, dict) else ():
                if isinstance(each, dict):
                    merged[str(name)] = {str(key): value for key, value in each.items() if isinstance(value, int)}
        return merged

    async def check(self) -> dict[str, str]:
        """What is wrong with each tier that can say so."""
        wrong = {}
        for tier in self._tiers:
            if check := getattr(tier, "check", None):
                try:
                    await foreign.call(check, _CHECK_LIMIT_S)
                except Exception as error:  # noqa: BLE001 - the edge of foreign code: a cache may be anybody's
                    wrong[tier.name] = str(error) or type(error).__name__
        return wrong

    async def close(self) -> None:
        """Finish what is being written behind, and close the tiers that can be closed."""
        await self._behind.finish(_LIMIT_S)
        for tier in self._tiers:
            if close := getattr(tier, "close", None):
                await _answer(tier, close)

    async def _promote(self, key: str, speech: EncodedSpeech, nearer: Sequence[SpeechCache]) -> None:
        """Memory at once, others behind: the asker has what he wanted."""
        await self._write(key, speech, [tier for tier in nearer if tier.name in self._private])
        if behind := [tier for tier in nearer if tier.name not in self._private]:
            self._behind.start(self._write(key, speech, behind))

    async def _write(self, key: str, speech: EncodedSpeech, tiers: Sequence[SpeechCache]) -> None:
        for tier in tiers:
            await _answer(tier, partial(tier.set, key, speech))


async def _answer(tier: SpeechCache, ask: Callable[[], Any]) -> Any:
    """What a tier answers; None where it breaks or takes too long."""
    try:
        return await foreign.call(ask, _LIMIT_S)
    except Exception as error:  # noqa: BLE001 - the edge of foreign code: a cache may be anybody's
        logger.error("cache tier failed", extra={"tier": tier.name} | describe_error(error))
        return None
