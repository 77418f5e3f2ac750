"""Figures for whoever scrapes ``/metrics``."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class PrometheusMetrics:
    """See ``ports.Metrics``. Each instance has a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "tts_requests", "Finished speech requests.", ("backend", "status"), registry=self._registry
        )
        self._durations = Histogram(
            "tts_request_duration_seconds",
            "From request to answer.",
            ("backend",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._first_audio = Histogram(
            "tts_first_audio_seconds",
            "From request to first sample.",
            ("backend",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._attempts = Counter(
            "tts_backend_attempts", "Calls of a backend.", ("backend", "outcome"), registry=self._registry
        )
        self._attempt_durations = Histogram(
            "tts_backend_attempt_duration_seconds",
            "From call to last sample or failure.",
            ("backend",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._fallbacks = Counter(
            "tts_fallbacks", "Answers of another backend.", ("wanted", "spoken"), registry=self._registry
        )
        self._cache = Counter(
            "tts_cache_lookups", "Cache look-ups by the tier that had it.", ("tier",), registry=self._registry
        )
        self._limited = Counter(
            "tts_limited", "Requests refused by whose limit it was.", ("of",), registry=self._registry
        )
        self._characters = Counter(
            "tts_characters", "Characters made, as billed.", ("backend",), registry=self._registry
        )
        self._jobs = Counter("tts_jobs", "Jobs by what ended them.", ("ended_by",), registry=self._registry)
        self._job_durations = Histogram(
            "tts_job_duration_seconds",
            "From request to the end of a job.",
            ("ended_by",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._danmu = Counter(
            "tts_danmu", "Rooms' danmu by what became of them.", ("outcome",), registry=self._registry
        )
        self._connections = Gauge(
            "tts_websocket_connections", "WebSocket connections, in all processes.", registry=self._registry
        )
        self._spent = Counter("tts_spent_usd", "US dollars at list price.", ("backend",), registry=self._registry)

    def request(self, *, backend: str, status: str, duration_s: float) -> None:
        """Count one finished request."""
        self._requests.labels(backend, status).inc()
        self._durations.labels(backend).observe(duration_s)

    def attempt(self, *, backend: str, outcome: str, duration_s: float) -> None:
        """Count one call of a backend."""
        self._attempts.labels(backend, outcome).inc()
        self._attempt_durations.labels(backend).observe(duration_s)

    def fallback(self, *, wanted: str, spoken: str) -> None:
        """Count an answer of another backend."""
        self._fallbacks.labels(wanted, spoken).inc()

    def first_audio(self, *, backend: str, seconds: float) -> None:
        """Observe the wait for the first sample."""
        self._first_audio.labels(backend).observe(seconds)

    def cache(self, *, tier: str) -> None:
        """Count a look-up."""
        self._cache.labels(tier).inc()

    def limited(self, *, of: str) -> None:
        """Count a request that was refused."""
        self._limited.labels(of).inc()

    def spent(self, *, backend: str, characters: int, usd: float) -> None:
        """Count what was made."""
        self._characters.labels(backend).inc(characters)
        self._spent.labels(backend).inc(usd)

    def job(self, *, ended_by: str, seconds: float) -> None:
        """Count a job and its time."""
        self._jobs.labels(ended_by).inc()
        self._job_durations.labels(ended_by).observe(seconds)

    def danmu(self, *, outcome: str, count: int = 1) -> None:
        """Count danmu of a room that came to an end."""
        self._danmu.labels(outcome).inc(count)

    def connections(self, count: int) -> None:
        """Note how many WebSocket connections there are."""
        self._connections.set(count)

    def render(self) -> tuple[bytes, str]:
        """All figures in Prometheus' text format, and its media type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def flush(self) -> None:
        """Whoever scrapes asks."""
