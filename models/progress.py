"""How far a download is, for whoever watches."""

from typing import Protocol

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

PLAIN_STEP_PERCENT = 10


class Progress(Protocol):
    """Told about one file after another."""

    def start(self, name: str, total_bytes: int, done_bytes: int) -> None:
        """Begin a file, `done_bytes` of which are here already. Called again, without `finish`, if it starts over."""

    def advance(self, n: int) -> None:
        """Count `n` more bytes."""

    def waiting(self, reason: str, seconds: float) -> None:
        """An attempt failed; the next one comes after so many seconds."""

    def finish(self) -> None:
        """End the file, whether it is complete or not."""


class NoProgress:
    """Nobody watches."""

    def start(self, name: str, total_bytes: int, done_bytes: int) -> None:
        """Do nothing."""

    def advance(self, n: int) -> None:
        """Do nothing."""

    def waiting(self, reason: str, seconds: float) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


class RichProgress:
    """A bar with bytes, speed and time left on a terminal; elsewhere a plain line every tenth of the file."""

    def __init__(self, console: Console | None = None) -> None:
        """Write to `console`, by default to standard error."""
        self._console = console or Console(stderr=True)
        self._bars: Bars | None = None

    def start(self, name: str, total_bytes: int, done_bytes: int) -> None:
        """Show a new bar, or say what is fetched."""
        self.finish()
        self._name, self._total_bytes, self._done_bytes = name, total_bytes, done_bytes
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._bars = _new_bars(self._console)
            self._task = self._bars.add_task(name, total=total_bytes, completed=done_bytes)
            self._bars.start()
        else:
            resumed = f", {decimal(done_bytes)} of it already here" if done_bytes else ""
            self._say(f"{name}: {decimal(total_bytes)}{resumed}")

    def advance(self, n: int) -> None:
        """Move the bar, or say that another tenth is done."""
        before = self._percent()
        self._done_bytes += n
        if self._bars:
            self._bars.advance(self._task, n)
        elif self._percent() // PLAIN_STEP_PERCENT > before // PLAIN_STEP_PERCENT:
            self._say(f"{self._name}: {self._percent()} %")

    def waiting(self, reason: str, seconds: float) -> None:
        """Say why nothing moves."""
        self._say(f"{reason}; trying again in {seconds:.0f} s")

    def finish(self) -> None:
        """Leave the bar as it is and give the terminal back."""
        if self._bars:
            self._bars.stop()
            self._bars = None

    def _percent(self) -> int:
        return 100 * self._done_bytes // self._total_bytes

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _new_bars(console: Console) -> Bars:
    return Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
