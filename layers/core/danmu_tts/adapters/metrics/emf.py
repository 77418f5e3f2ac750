"""Figures for CloudWatch in its embedded metric format: a line of JSON on standard output, which costs no call.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

Powertools' ``Metrics`` gives all metrics of a line the same dimensions. CloudWatch bills every name in every
combination of dimensions that occurs, so here each metric has its own.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from danmu_tts.observability import current_request_id
from danmu_tts.ports import Metrics

NAMESPACE = "DanmuTTS"

METRICS: Mapping[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    "tts_requests_total": ("Count", (("backend", "status"),)),
    "tts_request_duration_seconds": ("Seconds", (("backend",), ())),
    "tts_first_audio_seconds": ("Seconds", ((),)),
    "tts_backend_attempts_total": ("Count", (("backend", "outcome"),)),
    "tts_fallbacks_total": ("Count", ((),)),
    "tts_cache_lookups_total": ("Count", (("tier",),)),
    "tts_limited_total": ("Count", ((),)),
    "tts_spent_usd_total": ("None", ((),)),
    "tts_jobs_total": ("Count", (("ended_by",),)),
    "tts_job_duration_seconds": ("Seconds", ((),)),
    "tts_danmu_total": ("Count", (("outcome",),)),
    "tts_websocket_connections": ("Count", ((),)),
}
"""Name to unit and sets of dimensions, the first of which has all. The names are those of ``PrometheusMetrics``."""

_MOST_VALUES = 100
# A batch of SQS messages is of ten at most; what was left behind by earlier invocations comes on top.
_MOST_IDS = 20

_Key = tuple[str, tuple[str, ...]]


def print_line(line: str) -> None:
    """Where Lambda picks it up. Where nobody reads any more, no request fails for it."""
    with suppress(OSError):
        sys.stdout.write(line)
        sys.stdout.flush()


class EmfMetrics:
    """See ``ports.Metrics``. Counts for a scraper too, and keeps what was counted until ``flush``.

    For one event loop: nothing is counted while ``flush`` runs. What a task counts that outlives its invocation goes
    with the next one, under its own request's id; when Lambda ends the process before that, it is lost.
    """

    def __init__(
        self,
        scraped: Metrics,
        write: Callable[[str], object] = print_line,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``clock`` gives Unix seconds."""
        self._scraped = scraped
        self._write = write
        self._clock = clock
        self._sums: dict[_Key, float] = {}
        self._values: dict[_Key, list[float]] = {}
        self._ids: dict[str, None] = {}
        self._properties: dict[str, str | float] = {}

    def request(self, *, backend: str, status: str, duration_s: float) -> None:
        """Count one finished request."""
        self._scraped.request(backend=backend, status=status, duration_s=duration_s)
        self._add(1, "tts_requests_total", backend, status)
        self._observe(duration_s, "tts_request_duration_seconds", backend)

    def attempt(self, *, backend: str, outcome: str, duration_s: float) -> None:
        """Count one call of a backend."""
        self._scraped.attempt(backend=backend, outcome=outcome, duration_s=duration_s)
        self._add(1, "tts_backend_attempts_total", backend, outcome)

    def fallback(self, *, wanted: str, spoken: str) -> None:
        """Count an answer of another backend; the request's own log line names both."""
        self._scraped.fallback(wanted=wanted, spoken=spoken)
        self._add(1, "tts_fallbacks_total")

    def first_audio(self, *, backend: str, seconds: float) -> None:
        """Observe the wait for the first sample."""
        self._scraped.first_audio(backend=backend, seconds=seconds)
        self._observe(seconds, "tts_first_audio_seconds")

    def cache(self, *, tier: str) -> None:
        """Count a look-up."""
        self._scraped.cache(tier=tier)
        self._add(1, "tts_cache_lookups_total", tier)

    def limited(self, *, of: str) -> None:
        """Count a request that was refused; whose limit it was is a property."""
        self._scraped.limited(of=of)
        self._add(1, "tts_limited_total")
        self._properties["limited_of"] = of

    def spent(self, *, backend: str, characters: int, usd: float) -> None:
        """Count what was made; the characters are a property."""
        self._scraped.spent(backend=backend, characters=characters, usd=usd)
        self._add(usd, "tts_spent_usd_total")
        self._properties["characters"] = characters + float(self._properties.get("characters", 0))

    def job(self, *, ended_by: str, seconds: float) -> None:
        """Count a job and its time."""
        self._scraped.job(ended_by=ended_by, seconds=seconds)
        self._add(1, "tts_jobs_total", ended_by)
        self._observe(seconds, "tts_job_duration_seconds")

    def danmu(self, *, outcome: str, count: int = 1) -> None:
        """Count danmu of a room that came to an end."""
        self._scraped.danmu(outcome=outcome, count=count)
        self._add(count, "tts_danmu_total", outcome)

    def connections(self, count: int) -> None:
        """Note how many WebSocket connections there are."""
        self._scraped.connections(count)
        self._sums["tts_websocket_connections", ()] = count
        self._belongs()

    def render(self) -> tuple[bytes, str]:
        """All figures for a scraper, and their media type."""
        return self._scraped.render()

    def flush(self) -> None:
        """Write one line of all that was counted since the last time, or nothing.

        More than one only where a dimension had several values: a line has one of each.
        """
        if not self._sums and not self._values:
            return
        figures: list[tuple[_Key, float | list[float]]] = [*self._sums.items(), *_parts(self._values)]
        tail = f',"request_id":{json.dumps(" ".join(self._ids))}'
        if self._properties:
            tail += f",{json.dumps(self._properties)[1:-1]}"
        self._sums, self._values, self._ids, self._properties = {}, {}, {}, {}
        head = f'{{"_aws":{{"Timestamp":{round(self._clock() * 1000)},"CloudWatchMetrics":'
        text = ""
        for line in _plan(tuple([key for key, _ in figures])):
            # What Python writes of a number, or of a list of them, is JSON.
            members = "".join([f',"{figures[at][0][0]}":{figures[at][1]}' for at in line.figures])
            text += f"{head}{line.directives}}}{line.dimensions}{members}{tail}}}\n"
        self._write(text)

    def _add(self, amount: float, name: str, *dimensions: str) -> None:
        key = name, dimensions
        self._sums[key] = amount + self._sums.get(key, 0)
        self._belongs()

    def _observe(self, value: float, name: str, *dimensions: str) -> None:
        self._values.setdefault((name, dimensions), []).append(round(value, 6))
        self._belongs()

    def _belongs(self) -> None:
        if len(self._ids) < _MOST_IDS:
            self._ids[current_request_id()] = None


@dataclass(slots=True)
class _Line:
    """Figures that can go together, by their places; their directives, and a member for each dimension, as JSON."""

    figures: list[int] = field(default_factory=list)
    directives: str = ""
    dimensions: str = ""


@lru_cache(maxsize=1024)
def _plan(keys: Sequence[_Key]) -> Sequence[_Line]:
    """As few lines as can hold these. Kept, because most requests count the same things."""
    lines: list[_Line] = []
    members: list[dict[str, str]] = []
    for at, (name, values) in enumerate(keys):
        own = {name: ""} | dict(zip(METRICS[name][1][0], values, strict=True))
        fitting = (each for each, there in enumerate(members) if name not in there and _agree(own, there))
        chosen = next(fitting, len(lines))
        if chosen == len(lines):
            lines.append(_Line())
            members.append({})
        lines[chosen].figures.append(at)
        members[chosen] |= own
    for line, there in zip(lines, members, strict=True):
        line.directives = _directives([keys[at][0] for at in line.figures])
        dimensions = {name: value for name, value in there.items() if name not in METRICS}
        line.dimensions = f",{json.dumps(dimensions)[1:-1]}" if dimensions else ""
    return lines


def _agree(some: Mapping[str, str], others: Mapping[str, str]) -> bool:
    return all(others.get(name, value) == value for name, value in some.items())


def _parts(values: Mapping[_Key, list[float]]) -> Iterator[tuple[_Key, list[float]]]:
    for key, some in values.items():
        for start in range(0, len(some), _MOST_VALUES):
            yield key, some[start : start + _MOST_VALUES]


def _directives(names: Sequence[str]) -> str:
    by_sets: dict[tuple[tuple[str, ...], ...], list[dict[str, str]]] = {}
    for name in names:
        unit, sets = METRICS[name]
        by_sets.setdefault(sets, []).append({"Name": name, "Unit": unit})
    return json.dumps(
        [{"Namespace": NAMESPACE, "Dimensions": sets, "Metrics": metrics} for sets, metrics in by_sets.items()]
    )
