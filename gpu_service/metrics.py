"""What the service counts, for Prometheus."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2, 3, 5, 8, 13, 20, 30, 60)
_ROWS = (1, 2, 4, 6, 8, 12, 16, 24, 32, 64)
_PREFIX = "danmu_tts_gpu"

OK = "ok"
"""The outcome of a job that has audio; others have the reason why there is none."""


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """What one batch took: rows, seconds of inference, seconds of audio, and the outcome of each job."""

    rows: int
    inference_s: float
    audio_s: float
    outcomes: Mapping[str, int]


class _EngineFigures(Collector):
    def __init__(self, figures: Callable[[], Mapping[str, float]]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for name, value in self._figures().items():
            yield GaugeMetricFamily(f"{_PREFIX}_engine_{name}", "As the engine has it.", value=value)


class Metrics:
    """Counters with a registry of their own. Thread-safe."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._jobs = Counter(f"{_PREFIX}_jobs", "Jobs that ended here.", ["queue", "outcome"], registry=self.registry)
        self._wait = Histogram(
            f"{_PREFIX}_wait_seconds",
            "From a job's creation until it is begun.",
            ["queue"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._rows = Histogram(f"{_PREFIX}_batch_rows", "Jobs made together.", buckets=_ROWS, registry=self.registry)
        self._inference = Histogram(
            f"{_PREFIX}_inference_seconds", "What a batch took.", buckets=_SECONDS, registry=self.registry
        )
        self._audio = Counter(f"{_PREFIX}_audio_seconds", "Speech made.", registry=self.registry)
        self._failures = Counter(
            f"{_PREFIX}_aws_failures", "Calls to AWS that failed.", ["what"], registry=self.registry
        )
        self._poison = Counter(
            f"{_PREFIX}_poison_messages", "Messages that are no job.", ["queue"], registry=self.registry
        )

    def show_engine(self, figures: Callable[[], Mapping[str, float]]) -> None:
        """Ask the engine for its figures whenever somebody looks. Once a process."""
        self.registry.register(_EngineFigures(figures))

    def job_ended(self, queue: str, outcome: str, waited_s: float) -> None:
        """A job has its result."""
        self._jobs.labels(queue, outcome).inc()
        self._wait.labels(queue).observe(waited_s)

    def batch_made(self, figures: BatchFigures) -> None:
        """An inference has ended."""
        self._rows.observe(figures.rows)
        self._inference.observe(figures.inference_s)
        self._audio.inc(figures.audio_s)

    def aws_failed(self, what: str) -> None:
        """A call to AWS failed; it is tried again."""
        self._failures.labels(what).inc()

    def poison(self, queue: str) -> None:
        """A message could not be read; it is left to the dead letters."""
        self._poison.labels(queue).inc()

    def text(self) -> bytes:
        """As Prometheus reads them."""
        return generate_latest(self.registry)
