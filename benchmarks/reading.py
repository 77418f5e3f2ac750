"""Microseconds that reading a line takes, from what was typed to what is said, filter and collapse key included."""

import time
from statistics import quantiles

from danmu_tts.adapters.reading.readers import FileReaders
from danmu_tts.settings_reading import ReadingSettings

_ROUNDS = 5
_WARM_UP = 500


def run(lines: list[str]) -> None:
    """Print how long the first line waits, and then percentiles over the lines, each at its quickest."""
    started = time.perf_counter()
    reader = FileReaders(ReadingSettings(), "zh", time.perf_counter).reader(None, None)
    reader.read("主播 gg 3:2 哈哈哈")
    print(f"the first line waits {(time.perf_counter() - started) * 1000:.0f} ms for the word lists")

    def once(line: str) -> float:
        began = time.perf_counter()
        reader.collapse_key(reader.read_anew(line))
        return (time.perf_counter() - began) * 1_000_000

    for line in lines[:_WARM_UP]:
        once(line)
    times_us = [min(once(line) for _ in range(_ROUNDS)) for line in lines]
    percentiles = quantiles(times_us, n=100)
    chars = sum(map(len, lines)) / len(lines)
    print(f"{len(lines)} lines of {chars:.0f} characters: p50 {percentiles[49]:.0f} us, p99 {percentiles[98]:.0f} us")
