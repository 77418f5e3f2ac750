import itertools
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from speech_contract.jobs import audio_key
from tests.builders.jobs import speech_job
from tests.fakes.xtts_engine import FakeXttsEngine
from tests.gpu_service.cloud import Cloud, until
from tests.gpu_service.conftest import Gate, StartWorker
from tests.servers.s3_server import S3Server
from tests.servers.tcp_proxy import TcpProxy


def failing_s3(cloud: Cloud, of_ten: int) -> Any:
    """A client of the bucket that cannot reach it so many times of ten."""
    client = boto3.client("s3", endpoint_url=cloud.url, config=cloud.s3.meta.config)
    calls = itertools.count()

    def fail(request: Any, **_: Any) -> None:
        # Three is prime to ten: each of ten calls in a row has another remainder.
        if 3 * next(calls) % 10 < of_ten:
            raise EndpointConnectionError(endpoint_url=request.url)

    client.meta.events.register("before-send.s3", fail)
    return client


def test_a_bucket_that_fails_three_times_of_ten_costs_no_job(cloud: Cloud, worker: StartWorker) -> None:
    jobs = [speech_job() for _ in range(20)]
    cloud.send(*jobs)
    with worker(cloud, s3=failing_s3(cloud, of_ten=3)) as running:
        results = cloud.results(len(jobs))
        until(cloud.is_empty)
    assert {result.id for result in results if result.audio} == {job.id for job in jobs}
    assert cloud.audio(audio_key(jobs[0].id))
    assert b'aws_failures_total{what="put_audio"}' not in running.service.metrics.text()


def test_a_bucket_that_is_away_is_a_reason(cloud: Cloud, worker: StartWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpu_service.backoff.Backoff.next_s", lambda _: 0.001)
    cloud.send(speech_job())
    with worker(cloud, s3=failing_s3(cloud, of_ten=10)):
        (result,) = cloud.results(1)
        until(cloud.is_empty)
    assert (result.reason, result.audio) == ("store_away", None)


def test_queues_that_are_away_for_a_while_cost_no_job(s3: S3Server, worker: StartWorker) -> None:
    cloud = Cloud(s3.url, visibility_s=2)  # what SQS gave to a connection that was cut comes again after this
    before, meanwhile = [speech_job() for _ in range(3)], [speech_job() for _ in range(3)]
    engine = FakeXttsEngine(gate := Gate())
    with (
        TcpProxy(urlsplit(cloud.url).port or 0) as network,
        worker(cloud, engine, jobs_url=network.url, results_url=network.url) as running,
    ):
        cloud.send(*before)
        assert gate.began.wait(20)
        until(lambda: cloud.hidden("standard") == 3)
        network.cut()
        cloud.send(*meanwhile)
        gate.go_on.set()
        assert network.refused.wait(20)
        until(lambda: b'failures_total{what="send_results"}' in running.service.metrics.text())
        network.mend()
        results = [*cloud.results(6)]
        until(cloud.is_empty)
    assert {result.id for result in results} == {job.id for job in [*before, *meanwhile]}
    assert running.status == 0


def test_no_job_is_deleted_before_its_result_is_accepted(cloud: Cloud, worker: StartWorker) -> None:
    with TcpProxy(urlsplit(cloud.url).port or 0) as network, worker(cloud, results_url=network.url) as running:
        network.cut()
        cloud.send(speech_job())
        until(lambda: b'failures_total{what="send_results"}' in running.service.metrics.text())
        assert cloud.hidden("standard") == 1
        network.mend()
        assert cloud.results(1)[0].audio
        until(cloud.is_empty)
