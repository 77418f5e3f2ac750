"""An engine without a GPU: a sine for each line, as long as its text."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from gpu_service.ports import Line, LineError, Samples

_SAMPLE_RATE_HZ = 24_000
_SAMPLES_A_CHAR = 480
_LANGUAGES = {"zh", "en", "ja", "de", "fr", "es"}


class FakeXttsEngine:
    """Satisfies ``gpu_service.ports.Engine``.

    Attributes:
        batches: what it was asked to say together, in order.
        latents: recordings that it has heard.
        take: called in each batch, with its lines; waits, or raises what a GPU may.
        room_chars: how many characters fit into its memory together.
    """

    sample_rate_hz = _SAMPLE_RATE_HZ
    speakers = ("ana-florence", "craig-gutsy")

    def __init__(self, take: Callable[[Sequence[Line]], None] = lambda _: None, room_chars: int = 100_000) -> None:
        self.batches: list[list[Line]] = []
        self.latents: set[str] = set()
        self.take = take
        self.room_chars = room_chars
        self.is_warm = False
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        self.is_warm = True

    def most_rows(self, lines: Sequence[Line]) -> int:
        rows, chars = 0, 0
        for line in lines:
            chars += sum(map(len, line.parts))
            if chars > self.room_chars:
                break
            rows += 1
        return max(1, rows)

    def speak(self, lines: Sequence[Line]) -> list[Samples | LineError]:
        with self._lock:
            self.batches.append(list(lines))
            self.take(lines)
            return [self._sound(line) for line in lines]

    def stream(self, line: Line) -> Iterator[Samples]:
        with self._lock:
            self.take([line])
            sound = self._sound(line)
            if isinstance(sound, LineError):
                raise sound
            yield from np.array_split(sound, 3)

    def has_latents(self, sha256: str) -> bool:
        return sha256 in self.latents

    def figures(self) -> Mapping[str, float]:
        return {"batches": len(self.batches)}

    def _sound(self, line: Line) -> Samples | LineError:
        trouble = self._trouble(line)
        if trouble:
            return trouble
        count = round(_SAMPLES_A_CHAR * sum(map(len, line.parts)) / line.tempo)
        hertz = 200 + line.seed % 200
        return (0.3 * np.sin(2 * np.pi * hertz * np.arange(count) / _SAMPLE_RATE_HZ)).astype(np.float32)

    def _trouble(self, line: Line) -> LineError | None:
        if line.language.split("-")[0].lower() not in _LANGUAGES:
            return LineError("unknown_language", f"no {line.language}")
        if line.reference is None and line.speaker not in self.speakers:
            return LineError("unknown_voice", f"no {line.speaker}")
        if not any(char.isalnum() for part in line.parts for char in part):
            return LineError("nothing_to_say", "nothing to say")
        if sum(map(len, line.parts)) > self.room_chars:
            return LineError("no_memory", "too long for the memory")
        return self._listen(line)

    def _listen(self, line: Line) -> LineError | None:
        reference = line.reference
        if reference is None or reference.sha256 in self.latents:
            return None
        if reference.wav is None or not reference.wav.startswith(b"RIFF"):
            return LineError("bad_reference", "not a WAV file")
        self.latents.add(reference.sha256)
        return None
