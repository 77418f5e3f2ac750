"""How a worker ends, and who says what it left."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.builders.jobs import speech_job
from tests.fakes.xtts_engine import FakeXttsEngine
from tests.gpu_service.cloud import Cloud, until
from tests.gpu_service.conftest import Gate, StartWorker
from tests.gpu_service.worker_process import GO_ON
from tests.servers.s3_server import S3Server

_ROOT = Path(__file__).parents[2]
_WAIT_S = 20

StartProcess = Callable[..., AbstractContextManager["WorkerProcess"]]


class WorkerProcess:
    def __init__(self, cloud: Cloud, folder: Path, **settings: Any) -> None:
        self._folder = folder
        path = os.pathsep.join(map(str, (_ROOT, _ROOT / "layers/core")))
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.gpu_service.worker_process", "consume"],
                cwd=folder,
                env=os.environ | cloud.environment(**settings) | {"PYTHONPATH": path},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def await_batch(self) -> int:
        """How many rows the next batch has, once it is begun."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith("began "), self.log()
        return int(line.split()[1])

    def batches(self) -> list[int]:
        """The rows of all batches that it began until its end."""
        assert self.process.stdout
        return [int(line.split()[1]) for line in self.process.stdout]

    def go_on(self) -> None:
        (self._folder / GO_ON).touch()

    def log(self) -> str:
        return (self._folder / "log").read_text()


@pytest.fixture
def process(tmp_path: Path) -> StartProcess:
    @contextmanager
    def start(cloud: Cloud, **settings: Any) -> Iterator[WorkerProcess]:
        running = WorkerProcess(cloud, tmp_path, **settings)
        with running.process:
            try:
                yield running
            finally:
                running.process.kill()

    return start


def test_what_a_killed_worker_held_is_said_by_another(s3: S3Server, worker: StartWorker, process: StartProcess) -> None:
    cloud = Cloud(s3.url, visibility_s=2, most_receives=10)  # a slow machine may be late with a heartbeat
    jobs = [speech_job("等一等") for _ in range(5)]
    with process(cloud) as first:
        cloud.send(*jobs)
        first.await_batch()
        first.process.kill()
        assert first.process.wait(_WAIT_S) == -signal.SIGKILL
    with worker(cloud) as second:
        results = cloud.results(len(jobs))
        until(cloud.is_empty)
    assert {result.id for result in results if result.audio} == {job.id for job in jobs}
    assert sum(map(len, second.engine.batches)) == len(jobs)


def test_a_heartbeat_keeps_what_takes_longer_than_the_timeout(s3: S3Server, worker: StartWorker) -> None:
    cloud = Cloud(s3.url, visibility_s=1)
    engine = FakeXttsEngine(gate := Gate())
    with worker(cloud, engine):
        cloud.send(speech_job())
        assert gate.began.wait(_WAIT_S)
        # Nobody else gets it, though its first timeout is over during this poll of two seconds.
        (express, standard) = cloud.queues().values()
        assert standard.receive(1, 1, 2) == []
        gate.go_on.set()
        cloud.results(1)
        until(cloud.is_empty)
    assert len(engine.batches) == 1
    assert express.url != standard.url


def test_told_to_stop_it_ends_its_batch_and_gives_back_the_rest(cloud: Cloud, process: StartProcess) -> None:
    made, left = speech_job("等一等"), [speech_job() for _ in range(3)]
    with process(cloud) as running:
        cloud.send(made)
        assert running.await_batch() == 1
        cloud.send(*left)
        until(lambda: cloud.hidden("standard") == 4)
        running.process.send_signal(signal.SIGTERM)
        until(lambda: (cloud.visible("standard"), cloud.hidden("standard")) == (3, 1))
        running.go_on()
        assert running.process.wait(_WAIT_S) == 0, running.log()
        (result,) = cloud.results(1)
        assert result.id == made.id
        assert (cloud.visible("standard"), cloud.hidden("standard")) == (3, 0)


def test_an_inference_that_hangs_ends_the_process_and_keeps_its_job(cloud: Cloud, process: StartProcess) -> None:
    with process(cloud, stuck_after_s=0.5) as running:
        cloud.send(speech_job("等一等"))
        running.await_batch()
        assert running.process.wait(_WAIT_S) == 70
    assert "an inference hangs" in running.log()
    assert cloud.hidden("standard") == 1


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"express_queue": "none-such"}, "there is no queue none-such"),
        ({"model_from_s3": True, "model_s3_prefix": "none/"}, "there is no model under s3://danmu-audio/none/"),
    ],
)
def test_what_only_its_operator_can_mend_is_said(
    cloud: Cloud, process: StartProcess, settings: dict[str, Any], why: str
) -> None:
    with process(cloud, **settings) as running:
        assert running.process.wait(_WAIT_S) == 78
    assert why in running.log()


def test_a_second_signal_ends_it_at_once(cloud: Cloud, process: StartProcess) -> None:
    with process(cloud) as running:
        cloud.send(speech_job("等一等"))
        running.await_batch()
        running.process.send_signal(signal.SIGTERM)
        until(lambda: "stopping" in running.log())
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(_WAIT_S) == 128 + signal.SIGTERM


def test_a_job_that_ends_its_process_takes_no_other_with_it(
    s3: S3Server, worker: StartWorker, process: StartProcess
) -> None:
    cloud = Cloud(s3.url, visibility_s=1)
    cloud.send(speech_job("崩溃"))
    for _ in range(2):  # two others got it, and were heard of no more
        assert cloud.queues()["standard"].receive(1, visibility_s=0, poll_s=1)
    good = speech_job()
    with process(cloud) as running:
        cloud.send(good)
        assert set(running.batches()) == {1}
        assert running.process.wait(_WAIT_S) == -signal.SIGKILL
    with worker(cloud):
        (result,) = cloud.results(1)
        until(lambda: cloud.dead() == 1)
    assert result.id == good.id
    assert result.audio
