"""The composition root: who works with whom. Tests call it with fakes."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gpu_service.clock import Clock, SystemClock
from gpu_service.consumer import Consumer
from gpu_service.emf import EmbeddedMetrics
from gpu_service.held import Held
from gpu_service.metrics import Metrics
from gpu_service.ports import Engine
from gpu_service.production import Observer, Production
from gpu_service.queues import Queue
from gpu_service.receiver import Receiver
from gpu_service.references import References
from gpu_service.results import Sender, Uploads
from gpu_service.settings import Settings
from gpu_service.speaking import Speaker
from gpu_service.store import Store
from gpu_service.tickets import Lane
from gpu_service.waiting import Waiting
from gpu_service.watch import Watch

_ROOM_BATCHES = 2
"""A lane holds so many batches: one to say next, one to choose rows of a length from."""

_UPLOAD_BATCHES = 4
_GATHER_S = 0.01
"""How long the web server waits for a second invocation to say with the first."""


@dataclass(frozen=True)
class Service:
    """What every command has."""

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    metrics: Metrics = field(default_factory=Metrics)

    def watch(self) -> Watch:
        """One a process."""
        return Watch(self.clock, self.settings.stuck_after_s)


@dataclass(frozen=True)
class Parts:
    """What a command works with, once the engine is loaded."""

    engine: Engine
    store: Store
    references: References
    watch: Watch


def build_parts(service: Service, engine: Engine, s3: Any, watch: Watch) -> Parts:
    """The engine and the bucket."""
    store = Store(s3, service.settings.bucket)
    service.metrics.show_engine(engine.figures)
    return Parts(engine, store, References(store, engine), watch)


def build_consumer(service: Service, parts: Parts, queues: Mapping[Lane, Queue], results: Queue) -> Consumer:
    """Of two queues, by their lanes."""
    held = Held({queue.url: queue for queue in queues.values()}, service.settings.visibility_s, service.metrics)
    production = _build_production(service, parts, Sender(results, held, service.clock, service.metrics), gather_s=0)
    receivers = [
        Receiver(
            lane,
            queue,
            production.waiting,
            held,
            parts.references,
            service.metrics,
            visibility_s=service.settings.visibility_s,
            poll_s=service.settings.poll_s,
        )
        for lane, queue in queues.items()
    ]
    return Consumer(production, receivers, held, parts.watch)


def build_web_production(service: Service, parts: Parts, results: Queue | None) -> Production:
    """For the web server, whose callers wait for their answers."""
    held = Held({}, service.settings.visibility_s, service.metrics)
    sender = Sender(results, held, service.clock, service.metrics) if results else None
    return _build_production(service, parts, sender, gather_s=_GATHER_S)


def _build_production(service: Service, parts: Parts, sender: Sender | None, gather_s: float) -> Production:
    settings, clock, metrics = service.settings, service.clock, service.metrics
    sample_rate_hz = parts.engine.sample_rate_hz
    observers: list[Observer] = [metrics.batch_made]
    if settings.emf:
        observers.append(EmbeddedMetrics(sys.stdout, clock).batch_made)
    most_uploads = _UPLOAD_BATCHES * settings.most_rows
    return Production(
        Waiting(clock, settings.most_rows, _ROOM_BATCHES * settings.most_rows),
        Speaker(parts.engine, parts.references, parts.watch, clock),
        lambda deliver: Uploads(parts.store, sample_rate_hz, most_uploads, metrics, deliver),
        sender,
        parts.watch,
        clock,
        sample_rate_hz=sample_rate_hz,
        gather_s=gather_s,
        observers=observers,
    )
