import io

import pytest
from rich.console import Console

from models.progress import RichProgress


@pytest.fixture(autouse=True)
def _known_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


def watch(console: Console) -> None:
    progress = RichProgress(console)
    progress.start("voice.onnx", 1000, 100)
    for n in (50, 50, 300, 500):
        progress.advance(n)
    progress.finish()


def test_without_a_terminal_progress_is_a_few_plain_lines() -> None:
    out = io.StringIO()

    watch(Console(file=out, force_terminal=False, width=20))

    assert out.getvalue().splitlines() == [
        "voice.onnx: 1.0 kB, 100 bytes of it already here",
        "voice.onnx: 20 %",
        "voice.onnx: 50 %",
        "voice.onnx: 100 %",
    ]


def test_on_a_terminal_progress_is_a_bar_with_bytes() -> None:
    out = io.StringIO()

    watch(Console(file=out, force_terminal=True, width=100))

    assert "voice.onnx" in out.getvalue()
    assert "1.0/1.0 kB" in out.getvalue()


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    out = io.StringIO()

    watch(Console(file=out, force_terminal=True))

    assert "voice.onnx: 100 %" in out.getvalue()


def test_a_file_that_starts_over_gets_a_new_bar() -> None:
    out = io.StringIO()
    progress = RichProgress(Console(file=out, force_terminal=True, width=100))
    progress.start("voice.onnx", 1000, 900)

    progress.start("voice.onnx", 1000, 0)
    progress.advance(200)
    progress.finish()

    assert "0.2/1.0 kB" in out.getvalue()
