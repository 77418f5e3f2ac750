import dataclasses
from typing import Any

import numpy as np
import pytest

from gpu_service.ports import Line, LineError
from tests.builders.tiny_xtts_lines import ANA, CLARIBEL

LINE = Line(("welcome to the stream, everyone, and good night",), "en", CLARIBEL)


@pytest.mark.parametrize("tempo", [1.0, 0.6])
def test_pieces_together_are_the_whole(greedy: Any, tempo: float) -> None:
    line = dataclasses.replace(LINE, tempo=tempo)
    pieces = list(greedy.stream(line))
    assert len(pieces) >= 2
    np.testing.assert_allclose(np.concatenate(pieces), greedy.speak([line])[0], atol=1e-4)


def test_the_first_piece_comes_before_all_tokens_are_made(greedy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from gpu_service.engine.decoding import Decoding

    made = 0
    advance = Decoding.advance

    def counted(decoding: Any) -> None:
        nonlocal made
        made += 1
        advance(decoding)

    monkeypatch.setattr(Decoding, "advance", counted)
    pieces = greedy.stream(LINE)
    assert next(pieces).size > 0
    first = made
    list(pieces)
    assert first <= made / 1.5


def test_others_speak_while_a_stream_waits_for_its_listener(greedy: Any) -> None:
    pieces = greedy.stream(LINE)
    begun = [next(pieces)]
    other = greedy.speak([Line(("hello there",), "en", ANA)])
    assert isinstance(other[0], np.ndarray)
    np.testing.assert_allclose(np.concatenate([*begun, *pieces]), greedy.speak([LINE])[0], atol=1e-4)


def test_parts_are_streamed_one_after_another(greedy: Any) -> None:
    line = Line(("hello there", "thank you"), "en", ANA)
    np.testing.assert_allclose(np.concatenate(list(greedy.stream(line))), greedy.speak([line])[0], atol=1e-4)


def test_a_line_that_cannot_be_said_raises_before_any_piece(greedy: Any) -> None:
    with pytest.raises(LineError, match="nobody"):
        next(greedy.stream(dataclasses.replace(LINE, speaker="nobody")))
