"""Metrics that remember what they were told."""

from collections import Counter


class RecordingMetrics:
    """See ``ports.Metrics``."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self.durations_s: list[float] = []
        self.first_audio_s: dict[str, list[float]] = {}
        self.lookups: Counter[str] = Counter()
        self.attempts: Counter[tuple[str, str]] = Counter()
        self.fallbacks: Counter[tuple[str, str]] = Counter()
        self.refused: Counter[str] = Counter()
        self.characters: Counter[str] = Counter()
        self.jobs: Counter[str] = Counter()
        self.usd: dict[str, float] = {}
        self.danmu_ended: Counter[str] = Counter()

    def request(self, *, backend: str, status: str, duration_s: float) -> None:
        self.requests[backend, status] += 1
        self.durations_s.append(duration_s)

    def attempt(self, *, backend: str, outcome: str, duration_s: float) -> None:
        self.attempts[backend, outcome] += 1

    def fallback(self, *, wanted: str, spoken: str) -> None:
        self.fallbacks[wanted, spoken] += 1

    def first_audio(self, *, backend: str, seconds: float) -> None:
        self.first_audio_s.setdefault(backend, []).append(seconds)

    def cache(self, *, tier: str) -> None:
        self.lookups[tier] += 1

    def limited(self, *, of: str) -> None:
        self.refused[of] += 1

    def spent(self, *, backend: str, characters: int, usd: float) -> None:
        self.characters[backend] += characters
        self.usd[backend] = self.usd.get(backend, 0.0) + usd

    def job(self, *, ended_by: str, seconds: float) -> None:
        self.jobs[ended_by] += 1

    def danmu(self, *, outcome: str, count: int = 1) -> None:
        self.danmu_ended[outcome] += count

    def connections(self, count: int) -> None:
        pass

    def flush(self) -> None:
        pass

    def render(self) -> tuple[bytes, str]:
        return b"", "text/plain"
