"""What every engine that runs in this process has in common.

An engine of one's own subclasses :class:`LocalEngine` and writes three things: which voices there are, how a model is
loaded, and how one piece of text becomes samples. Loading once on first use, keeping the event loop free, sharing the
cores, cutting the text so that the first audio is early, and even loudness are here.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cachetools import LRUCache

from danmu_tts.adapters.backends.loudness import SILENCE, Loudness
from danmu_tts.domain.audio import AudioChunk, Caption
from danmu_tts.domain.errors import BackendUnavailableError, NothingToSayError
from danmu_tts.domain.speech import Priority, Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.engine_slots import EngineSlots
from danmu_tts.observability import get_logger
from danmu_tts.ports import BackendHealth, BackendTraits
from danmu_tts.text.split import split_for_speech

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[Any]

M = TypeVar("M")
logger = get_logger("backends")


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a spoken piece: float samples in -1..1, their rate in hertz, and whether the piece ends here."""

    samples: "Samples"
    rate_hz: int
    is_last: bool = True


class LocalEngine(Generic[M]):
    """A backend in this process. ``M`` is whatever a loaded model is."""

    name = "local"
    traits = BackendTraits()

    def __init__(self, slots: EngineSlots, max_loaded_voices: int = 4) -> None:
        """``slots`` is shared by all engines of the process."""
        self._slots = slots
        self._models: LRUCache[str, M] = LRUCache(max_loaded_voices)
        self._loading = threading.Lock()

    def _voices(self) -> Sequence[Voice]:
        """Voices installed here, default first."""
        raise NotImplementedError

    def _model_of(self, voice: Voice) -> str:
        """Name of the model that speaks for a voice; voices may share one."""
        return voice.name

    def _load(self, model: str) -> M:
        """Load a model. Called once a model, on an engine thread; any exception means it cannot be loaded."""
        raise NotImplementedError

    def _speak(self, model: M, voice: Voice, text: str, tempo: float) -> "tuple[Samples, int]":
        """Turn one piece into float samples in -1..1 and their rate in hertz; no samples where nothing can be said."""
        raise NotImplementedError

    def _speak_in_windows(self, model: M, voice: Voice, text: str, tempo: float) -> Iterator[Window]:
        """As ``_speak``, for an engine that has the first samples before the last: parts, the last of them marked."""
        yield Window(*self._speak(model, voice, text, tempo))

    def _usual_peak(self, model: M) -> float | None:
        """How far the samples of a model usually swing, 0..1. None: an utterance is as loud as its first samples."""
        return None

    async def initialize(self) -> None:
        """Load the default voice."""
        voices = self._voices()
        if voices:
            async with self._slots.slot(Priority.LOW) as slot:
                await slot.run(lambda: self._loaded(self._model_of(voices[0])))

    async def get_voices(self) -> Sequence[Voice]:
        """Voices installed here, default first."""
        return self._voices()

    async def health_check(self) -> BackendHealth:
        """Available when a voice is installed."""
        voices = self._voices()
        return BackendHealth(bool(voices), f"{len(voices)} voices" if voices else self._how_to_install())

    async def cleanup(self) -> None:
        """Forget the loaded models, once whatever is being loaded is."""
        await asyncio.to_thread(self._forget)

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        """Speak piece by piece; see ``ports.Backend``."""
        async with self._slots.slot(utterance.priority) as slot:
            chunks = self._chunks(utterance)
            while (chunk := await slot.run(lambda: next(chunks, None))) is not None:
                yield chunk

    def queue_depth(self) -> float:
        """Utterances that wait for a core, a core."""
        return self._slots.waiting / self._slots.size

    def _forget(self) -> None:
        with self._loading:
            self._models.clear()

    def _how_to_install(self) -> str:
        return f"no voice installed: pip install 'danmu-tts[{self.name}]'"

    def _chunks(self, utterance: Utterance) -> Iterator[AudioChunk]:
        """All pieces as they are made, at one loudness. The caption of a piece comes with its end."""
        import numpy as np

        model = self._loaded(self._model_of(utterance.voice))
        loudness = Loudness(self._usual_peak(model))
        played_ms = 0.0
        pronounced = False
        for piece in split_for_speech(utterance.text):
            started_ms = played_ms
            for window in self._spoken(model, utterance, piece):
                pronounced = pronounced or window.samples.size > 0
                if played_ms == started_ms and np.abs(window.samples).max(initial=0.0) < SILENCE:
                    continue  # nothing yet
                played_ms += window.samples.size * 1000 / window.rate_hz
                captions = (Caption(piece, round(started_ms), round(played_ms)),) if window.is_last else ()
                pcm = loudness.pcm(window.samples, window.rate_hz)
                yield AudioChunk(pcm, window.rate_hz, captions=captions)
        if not pronounced:
            raise NothingToSayError(f"{utterance.voice.id} cannot pronounce any of this text.", param="text")

    def _spoken(self, model: M, utterance: Utterance, piece: str) -> Iterator[Window]:
        """The windows of a piece."""
        try:
            yield from self._speak_in_windows(model, utterance.voice, piece, utterance.tempo)
        except Exception as error:  # the edge of foreign code: whatever fails in an engine is this one error
            raise BackendUnavailableError(f"{self.name} failed while speaking: {type(error).__name__}.") from error

    def _loaded(self, model: str) -> M:
        """Load on first use. Whoever comes meanwhile waits for that one load."""
        with self._loading:
            if model not in self._models:
                try:
                    self._models[model] = self._load(model)
                except Exception as error:  # as above
                    logger.exception("model failed to load", extra={"backend": self.name, "model": model})
                    raise BackendUnavailableError(
                        f"{self.name} could not load {model} ({type(error).__name__}); the log says why."
                    ) from error
            return self._models[model]
