"""What most backends answer alike. One of one's own writes ``get_voices`` and ``synthesize``."""

from collections.abc import AsyncIterator, Sequence

from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.ports import BackendHealth, BackendTraits


class BaseBackend:
    """See ``ports.Backend``. ``name`` and ``traits`` are class or instance attributes."""

    name = "base"
    traits = BackendTraits()

    async def initialize(self) -> None:
        """Nothing is worth doing before the first call."""

    def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        """Speak, piece by piece; usually an async generator."""
        raise NotImplementedError

    async def get_voices(self) -> Sequence[Voice]:
        """Who can speak now."""
        raise NotImplementedError

    async def health_check(self) -> BackendHealth:
        """Available where there is a voice."""
        voices = await self.get_voices()
        return BackendHealth(bool(voices), f"{len(voices)} voices")

    async def cleanup(self) -> None:
        """Nothing is held."""

    def queue_depth(self) -> float:
        """Nobody waits inside."""
        return 0.0
