"""XTTS: eight lines together against the same eight one by one, in audio seconds a second.

Run by ``.venv-xtts/bin/python -m benchmarks.xtts_batch``. The checkpoint is made here, untrained. Decoding gains from a
batch; the vocoder, on a CPU, does not: it is bound by arithmetic, and has its full size in every checkpoint, however
tiny. So there are two ratios, of decoding alone and of the whole, and three sizes: as many layers as the real model,
but narrow ones, with the vocoder's share of the time as there; ``--full``, the real model's size (2 GB of disk, 6 GB of
memory); ``--plain``, the tests' checkpoint, whose vocoder takes nearly all of the time.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gpu_service.engine import EngineSettings, load
from gpu_service.ports import Line
from tests.builders.tiny_xtts import SPEAKERS, TINY, Size, build

PROPORTIONED = Size(layers=30, most_tokens=60, hop=16384, stop=-100.0)
"""The vocoder takes an eighth of a single line's time, as it does at full size on the same two cores (0.12 to 0.15).

No row stops before its end: how much a batch gains depends on how equal its rows are, which here would be chance."""
FULL = Size(layers=30, width=1024, heads=16, most_tokens=60, stop=-100.0)

TEXTS = (
    ("hello there", "en"),
    ("welcome to the stream, everyone, and good night", "en"),
    ("你好，今天天气很好", "zh-cn"),
    ("thank you", "en"),
    ("bonjour tout le monde", "fr"),
    ("hola amigos", "es"),
    ("guten abend", "de"),
    ("안녕하세요", "ko"),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--full", action="store_true", help="a language model of the real size")
    parser.add_argument("--plain", action="store_true", help="the tiny checkpoint of the tests, genuine vocoder rate")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    size = FULL if options.full else TINY if options.plain else PROPORTIONED
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as directory:
        measure(build(Path(directory), size), options.rounds, options.threads)


def measure(checkpoint: Path, rounds: int, threads: int | None) -> None:
    """Print audio seconds a second of the engine's batch, of its singles, and of the library's own inference."""
    engine: Any = load(EngineSettings(checkpoint, temperature=0, threads=threads))
    lines = [
        Line((text,), language, engine.speakers[number % len(engine.speakers)])
        for number, (text, language) in enumerate(TEXTS)
    ]
    engine.warm_up()
    batch, singles, stock, decoded, decoded_alone = [], [], [], [], []
    theirs = _stock(checkpoint)
    for _ in range(rounds):  # in turns: whatever else the machine does, it does to all
        decoded.append(_timed(lambda: engine.tokens(lines)))
        decoded_alone.append(_timed(lambda: [engine.tokens([line])[0] for line in lines]))
        batch.append(_timed(lambda: engine.speak(lines)))
        singles.append(_timed(lambda: [engine.speak([line])[0] for line in lines]))
        stock.append(_timed(lambda: [theirs(number) for number in range(len(TEXTS))]))
    audio_s = sum(len(samples) for samples in batch[0][1]) / engine.sample_rate_hz
    rows = {"batch of 8": batch, "8 singles": singles, "coqui-tts, 8 singles": stock}
    best = {name: _best(runs) for name, runs in rows.items()}
    print(f"{audio_s:.2f} s of audio, best of {rounds}")
    for name, (wall, cpu) in best.items():
        print(f"{name:22} {audio_s / wall:7.2f} audio s a second  {audio_s / cpu:7.2f} audio s a CPU second")
    ratios = [best["8 singles"][i] / best["batch of 8"][i] for i in (0, 1)]
    print(f"{'batch against singles':22} {ratios[0]:6.2f}x (bar: 3x)         {ratios[1]:6.2f}x by CPU time")
    gains = [_best(decoded_alone)[i] / _best(decoded)[i] for i in (0, 1)]
    print(f"{'of decoding alone':22} {gains[0]:6.2f}x                   {gains[1]:6.2f}x by CPU time")
    equal = decoded[0][1] == decoded_alone[0][1]
    same = all(_near(a, b) for a, b in zip(batch[0][1], stock[0][1], strict=True))
    print(f"greedy tokens equal to singles: {equal}; audio equal to coqui-tts: {same}")


def _timed(work: Callable[[], Sequence[Any]]) -> tuple[tuple[float, float], Sequence[Any]]:
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return (time.perf_counter() - wall, time.process_time() - cpu), made


def _best(runs: Sequence[tuple[tuple[float, float], Any]]) -> tuple[float, float]:
    return min(wall for (wall, _), _ in runs), min(cpu for (_, cpu), _ in runs)


def _near(ours: Any, theirs: Any) -> bool:
    return ours.shape == theirs.shape and bool(np.abs(ours - theirs).max() < 1e-4)


def _stock(checkpoint: Path) -> Callable[[int], Any]:
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    config = XttsConfig()
    config.load_json(str(checkpoint / "config.json"))
    model = Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=str(checkpoint), eval=True)

    def speak(number: int) -> Any:
        text, language = TEXTS[number]
        latents = model.speaker_manager.speakers[SPEAKERS[number % len(SPEAKERS)]]
        return model.inference(
            text, language, *latents.values(), do_sample=False, repetition_penalty=config.repetition_penalty
        )["wav"]

    return speak


if __name__ == "__main__":
    main()
