"""The consumer in this process, with an engine that needs no GPU, between real queues and a real bucket."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from gpu_service.bootstrap import Service, build_consumer, build_parts
from gpu_service.clock import SystemClock
from gpu_service.ports import Line
from gpu_service.watch import Watch
from tests.fakes.xtts_engine import FakeXttsEngine
from tests.gpu_service.cloud import Cloud
from tests.servers.s3_server import S3Server

_JOIN_S = 15


class Gate:
    """An engine that is busy until the test says so."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, _: Sequence[Line]) -> None:
        self.began.set()
        assert self.go_on.wait(20)


class Worker:
    """A consumer that runs in a thread."""

    def __init__(
        self,
        cloud: Cloud,
        engine: FakeXttsEngine,
        *,
        s3: Any = None,
        jobs_url: str | None = None,
        results_url: str | None = None,
    ) -> None:
        self.engine = engine
        self.service = Service(cloud.settings())
        self.watch = Watch(SystemClock(), 60)
        parts = build_parts(self.service, engine, s3 or cloud.s3, self.watch)
        consumer = build_consumer(self.service, parts, cloud.queues(jobs_url), cloud.results_queue(results_url))
        self.status: int | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[consumer.run])
        self._thread.start()

    def tell_to_stop(self) -> None:
        self._stop.set()

    def join(self) -> None:
        self._thread.join(_JOIN_S)
        assert not self._thread.is_alive()

    def _run(self, run: Callable[[threading.Event, float], int]) -> None:
        self.status = run(self._stop, _JOIN_S)


StartWorker = Callable[..., AbstractContextManager[Worker]]


@pytest.fixture
def cloud(s3: S3Server) -> Cloud:
    return Cloud(s3.url)


@pytest.fixture
def worker() -> StartWorker:
    @contextmanager
    def start(cloud: Cloud, engine: FakeXttsEngine | None = None, **more: Any) -> Iterator[Worker]:
        running = Worker(cloud, engine or FakeXttsEngine(), **more)
        try:
            yield running
        finally:
            running.tell_to_stop()
            cloud.end_polls()
            running.join()

    return start
