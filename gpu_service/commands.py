"""What the process does, from its settings to its exit status."""

import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from gpu_service import aws, logs
from gpu_service.backoff import Backoff
from gpu_service.bootstrap import Parts, Service, build_consumer, build_parts, build_web_production
from gpu_service.health_server import HealthServer, ask_health
from gpu_service.memory import NoMemoryError
from gpu_service.model_files import ModelError, sync_model
from gpu_service.ports import Engine
from gpu_service.queues import NoQueueError, Queue, find_queue
from gpu_service.settings import SageMakerSettings, Settings

_log = logging.getLogger(__name__)

_MODEL_TRIES = 8
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class NotStartedError(Exception):
    """Something that only the operator can mend; the message says what."""


def consume(settings: Settings) -> int:
    """Take jobs from the queues until told to stop. Raises NotStartedError."""
    stop = threading.Event()
    service, parts = _start(settings)
    _stop_on_signals(stop)
    sqs = aws.sqs_client(settings.poll_s)
    names = (settings.express_queue, settings.standard_queue, settings.results_queue)
    express, standard, results = (_found(sqs, name, stop) for name in names)
    if not (express and standard and results):
        return 0
    consumer = build_consumer(service, parts, {"express": express, "standard": standard}, results)
    _log.info("consuming", extra={"queues": [express.name, standard.name], "device": settings.device})
    return consumer.run(stop, settings.stop_grace_s)


def serve(settings: Settings) -> int:
    """Answer SageMaker until told to stop. Raises NotStartedError."""
    from gpu_service.web import run_server

    service, parts = _start(settings)
    results = None
    if settings.results_queue:
        results = _found(aws.sqs_client(settings.poll_s), settings.results_queue, threading.Event())
    production = build_web_production(service, parts, results)
    return run_server(service, parts, production, SageMakerSettings().sagemaker_bind_to_port)


def check(settings: Settings) -> int:
    """Ask the service that runs in this container."""
    trouble = ask_health(settings.metrics_port)
    if trouble:
        sys.stderr.write(f"{trouble}\n")
    return 1 if trouble else 0


def _start(settings: Settings) -> tuple[Service, Parts]:
    """Health first, then the model: whoever looks sees that it is loading."""
    for number in _SIGNALS:  # nothing is held yet; and as process 1 we would not even hear them
        signal.signal(number, lambda *_: os._exit(0))
    logs.set_up(settings.log_level)
    service = Service(settings)
    watch = service.watch()
    HealthServer(settings.host, settings.metrics_port, watch, service.metrics).start()
    if settings.model_from_s3:
        _fetch_model(settings)
    engine = _load_engine(settings)
    engine.warm_up()
    watch.loaded()
    _log.info("the model is warm", extra={"speakers": len(engine.speakers), **engine.figures()})
    return service, build_parts(service, engine, aws.s3_client(), watch)


def _fetch_model(settings: Settings) -> None:
    s3 = aws.s3_client(_MODEL_TRIES)
    try:
        sync_model(s3, settings.bucket, settings.model_s3_prefix, settings.model_directory)
    except (ModelError, *aws.AWAY_ERRORS) as error:
        raise NotStartedError(f"the model cannot be fetched: {error}") from error


def _load_engine(settings: Settings) -> Engine:
    from gpu_service.engine import CheckpointError, EngineSettings, load

    budget_mb = settings.memory_budget_mb
    engine_settings = EngineSettings(
        directory=settings.model_directory,
        checksums=settings.checksums,
        device=settings.device,
        half=settings.half,
        compile=settings.compile,
        temperature=settings.temperature,
        most_rows=settings.most_rows,
        memory_budget_bytes=None if budget_mb is None else budget_mb * 2**20,
        threads=settings.threads,
    )
    try:
        return load(engine_settings)
    except (CheckpointError, NoMemoryError) as error:
        raise NotStartedError(f"the model cannot be loaded: {error}") from error


def _found(sqs: Any, name: str, stop: threading.Event) -> Queue | None:
    """A queue, as soon as SQS can be asked; None where it is time to stop. Raises NotStartedError."""
    backoff = Backoff()
    while True:
        try:
            return find_queue(sqs, name)
        except NoQueueError as error:
            raise NotStartedError(str(error)) from error
        except aws.AwayError as error:
            _log.warning("SQS cannot be asked: %s", error)
            if backoff.wait(stop):
                return None


def _stop_on_signals(stop: threading.Event) -> None:
    """The first one ends the work in order, the second one at once."""

    def heard(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in _SIGNALS:
        signal.signal(number, heard)
