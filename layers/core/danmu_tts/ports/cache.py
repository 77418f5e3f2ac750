"""Keeping audio."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from danmu_tts.domain.audio import EncodedSpeech


@dataclass(frozen=True, slots=True)
class CacheHit:
    """What was found and in which tier."""

    speech: EncodedSpeech
    tier: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is kept in place of audio where a voice will not speak a text: the ``reason`` and message of its error."""

    reason: str
    message: str


@runtime_checkable
class SpeechCache(Protocol):
    """A keyed store of finished audio. A failing store is a miss, never an error."""

    @property
    def name(self) -> str:
        """What an answer calls this tier, e.g. ``memory``."""
        ...

    async def get(self, key: str) -> CacheHit | Refusal | None:
        """Find what was stored under a key and has not expired. Only a ``RefusalCache`` answers with a refusal."""
        ...

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store; False when it could not be kept (too large, no space)."""
        ...

    async def stats(self) -> dict[str, dict[str, int]]:
        """Tier name to ``entries``, ``bytes`` and ``max_bytes``, which is 0 where others set the limit."""
        ...


@runtime_checkable
class RefusalCache(SpeechCache, Protocol):
    """A cache that also remembers, for a while, what is not worth trying again."""

    async def refuse(self, key: str, refusal: Refusal) -> None:
        """Keep a refusal in place of audio."""
        ...


@runtime_checkable
class ErasableCache(SpeechCache, Protocol):
    """A cache that can be told to let go of what it has."""

    async def delete(self, key: str) -> None:
        """Forget what is kept under a key, audio or refusal; nothing where nothing is, or where the store is away."""
        ...


class TieredSpeechCache(RefusalCache, ErasableCache, Protocol):
    """The tiers as one."""

    async def check(self) -> Mapping[str, str]:
        """Use each tier that can be tried, and tell what is wrong with those that fail."""
        ...

    async def close(self) -> None:
        """Finish what is being written, and give the tiers' connections back."""
        ...
