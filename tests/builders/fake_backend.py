"""A backend that hums. It passes the contract suite of the real ones."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from danmu_tts.domain.audio import AudioChunk, Caption
from danmu_tts.domain.errors import DanmuTTSError
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.ports import BackendHealth, BackendTraits
from danmu_tts.text.split import split_for_speech
from tests.builders.sound import sine

MS_PER_CHAR = 80


class FakeBackend:
    """One tone a piece, as long as the piece has characters.

    Args:
        languages: one voice each, named after the language.
        waits_for: nothing is spoken before it is set.
        fails_with: raised instead of the audio.
        silent: ends without a chunk.
        before_chunk: called before each chunk, e.g. to move a clock.
        traits: as a vendor's; by default those of an engine in this process.
    """

    def __init__(
        self,
        name: str = "fake",
        languages: Sequence[str] = ("zh-CN", "en-US"),
        *,
        sample_rate_hz: int = 24_000,
        waits_for: asyncio.Event | None = None,
        fails_with: DanmuTTSError | None = None,
        silent: bool = False,
        before_chunk: Callable[[], object] = lambda: None,
        traits: BackendTraits | None = None,
    ) -> None:
        self.name = name
        self.traits = traits or BackendTraits()
        self.waiting = 0.0
        self.spoken: list[Utterance] = []
        self._voices = tuple(Voice(f"{name}:{language}", language, revision="1") for language in languages)
        self._sample_rate_hz = sample_rate_hz
        self._waits_for = waits_for
        self._fails_with = fails_with
        self._silent = silent
        self._before_chunk = before_chunk

    async def initialize(self) -> None:
        pass

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        self.spoken.append(utterance)
        if self._waits_for:
            await self._waits_for.wait()
        if self._fails_with:
            raise self._fails_with
        played_ms = 0.0
        for piece in [] if self._silent else split_for_speech(utterance.text):
            self._before_chunk()
            ends_ms = played_ms + len(piece) * MS_PER_CHAR / utterance.tempo
            caption = Caption(piece, round(played_ms), round(ends_ms))
            pcm = sine((ends_ms - played_ms) / 1000, rate_hz=self._sample_rate_hz)
            yield AudioChunk(pcm, self._sample_rate_hz, captions=(caption,))
            played_ms = ends_ms

    async def get_voices(self) -> Sequence[Voice]:
        return self._voices

    async def health_check(self) -> BackendHealth:
        return BackendHealth(bool(self._voices), f"{len(self._voices)} voices")

    async def cleanup(self) -> None:
        pass

    def queue_depth(self) -> float:
        return self.waiting
