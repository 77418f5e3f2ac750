"""What the tests fetch, and how: on the loopback, with a clock that only counts."""

from collections.abc import Callable
from pathlib import Path

import httpx

from models.fetch import fetch
from models.manifest import ModelEntry

VOICE = bytes(range(256)) * 1200
FILES = {"en/voice.onnx": VOICE}
OTHER = b"\xff" + VOICE[1:]

Publish = Callable[..., ModelEntry]


class Recorder:
    """A progress that remembers, and can play the person who presses Ctrl-C."""

    def __init__(self, interrupt_after_bytes: int | None = None) -> None:
        self.events: list[tuple[object, ...]] = []
        self.received_bytes = 0
        self._interrupt_after_bytes = interrupt_after_bytes

    def start(self, name: str, total_bytes: int, done_bytes: int) -> None:
        self.events.append(("start", name, total_bytes, done_bytes))

    def advance(self, n: int) -> None:
        self.received_bytes += n
        if self._interrupt_after_bytes is not None and self.received_bytes >= self._interrupt_after_bytes:
            raise KeyboardInterrupt

    def waiting(self, reason: str, seconds: float) -> None:
        self.events.append(("waiting", reason, seconds))

    def finish(self) -> None:
        self.events.append(("finish",))


class Fetcher:
    """`fetch` with a loopback client and a clock that only counts."""

    def __init__(self, models_dir: Path, client: httpx.Client) -> None:
        self.models_dir = models_dir
        self.slept_s: list[float] = []
        self._client = client

    def __call__(self, entry: ModelEntry, **options: object) -> Path:
        return fetch(entry, self.models_dir, client=self._client, sleep=self.slept_s.append, **options)  # type: ignore[arg-type]

    @property
    def target(self) -> Path:
        return self.models_dir / "piper" / "voice.onnx"

    @property
    def part(self) -> Path:
        return self.models_dir / "piper" / "voice.onnx.part"

    def leave_part(self, content: bytes) -> None:
        self.part.parent.mkdir(parents=True, exist_ok=True)
        self.part.write_bytes(content)
