"""The smallest engine: a model is its own name, a piece is whatever samples the test says."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danmu_tts.adapters.backends.local_engine import LocalEngine
from danmu_tts.domain.voices import Voice
from danmu_tts.engine_slots import EngineSlots

RATE_HZ = 16_000


def loudness(peak: float) -> NDArray[np.float32]:
    """A tenth of a second that swings between ``peak`` and ``-peak``."""
    return np.tile(np.array([peak, -peak], np.float32), RATE_HZ // 20)


class TinyEngine(LocalEngine[str]):
    name = "tiny"

    def __init__(
        self,
        *,
        slots: EngineSlots | None = None,
        max_loaded_voices: int = 4,
        names: Sequence[str] = ("a", "b", "c"),
        load: Callable[[str], str] = lambda model: model,
        speak: Callable[[str], NDArray[Any]] = lambda text: loudness(0.5),
    ) -> None:
        super().__init__(slots or EngineSlots(2), max_loaded_voices)
        self.loads: list[str] = []
        self._names = names
        self._load_model = load
        self._speak_piece = speak

    def _voices(self) -> Sequence[Voice]:
        return [Voice(f"tiny:{name}", "zh-CN") for name in self._names]

    def _load(self, model: str) -> str:
        self.loads.append(model)
        return self._load_model(model)

    def _speak(self, model: str, voice: Voice, text: str, tempo: float) -> tuple[NDArray[Any], int]:
        return self._speak_piece(text), RATE_HZ
