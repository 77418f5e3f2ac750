import dataclasses
from typing import Any

import numpy as np
import pytest

from gpu_service.ports import Line, LineError
from tests.builders.tiny_xtts_lines import ANA

GOOD = Line(("hello there",), "en", ANA)


def test_speakers_are_named_as_voices_name_them(greedy: Any) -> None:
    assert greedy.speakers == ("ana-florence", "claribel-dervla", "damien-black")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"speaker": "nobody"}, "unknown_voice"),
        ({"language": "sw"}, "unknown_language"),
        ({"language": "ja"}, "unknown_language"),  # XTTS speaks it, this checkpoint does not
        ({"parts": ("…", "?!", " ")}, "nothing_to_say"),
    ],
)
def test_a_line_that_cannot_be_said_harms_no_other(greedy: Any, change: dict[str, Any], reason: str) -> None:
    bad, good = greedy.speak([dataclasses.replace(GOOD, **change), GOOD])
    assert isinstance(bad, LineError)
    assert bad.reason == reason
    assert isinstance(good, np.ndarray)


def test_a_text_longer_than_xtts_reads_is_said_in_pieces(greedy: Any) -> None:
    long = Line(("你好今天天气很好。" * 27,), "zh-TW", ANA)  # 243 characters, a thousand of pinyin
    assert len(greedy.tokens([long])) >= 3


def test_all_that_was_warmed_up_speaks(greedy: Any) -> None:
    greedy.warm_up()
    assert greedy.figures()["memory_most_bytes"] > greedy.figures()["memory_allocated_bytes"] > 0


def test_half_precision_speaks(load_engine: Any) -> None:
    half, whole = load_engine(temperature=0, half=True), load_engine(temperature=0)
    sound = half.speak([GOOD])[0]
    assert np.isfinite(sound).all()
    assert half.figures()["memory_allocated_bytes"] < whole.figures()["memory_allocated_bytes"]
