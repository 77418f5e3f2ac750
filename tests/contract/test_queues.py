"""Queues as jobs travel through them, on an SQS that others wrote."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import boto3
import pytest

from danmu_tts.adapters.aws.s3_objects import S3Objects
from danmu_tts.adapters.jobs.making_queues import make_bucket, make_queues
from danmu_tts.adapters.jobs.receiving import SqsReceiver
from danmu_tts.adapters.jobs.sqs import SqsQueues
from danmu_tts.adapters.jobs.transports import QueueTransport, SageMakerTransport
from danmu_tts.domain.errors import BackendNetworkError, BackendServerError, BackendUnavailableError
from danmu_tts.settings_backends import XttsSettings
from speech_contract.jobs import SpeechJob
from tests.servers.process import free_port
from tests.servers.s3_server import BUCKET, S3Server

NAMES = {kind: f"danmu-tts-xtts-{kind}" for kind in ("express", "standard", "results", "deadlines")}
JOB = SpeechJob(
    id="j1",
    parts=("你好",),
    language="zh",
    speaker="ana-florence",
    room="night",
    created_at_ms=1_000,
    expires_at_ms=21_000,
)


@pytest.fixture
def aws(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """It plays SQS and SageMaker too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    make_queues(NAMES)
    return s3


@pytest.fixture
async def queues(aws: S3Server) -> AsyncIterator[SqsQueues]:
    queues = SqsQueues(5)
    yield queues
    await queues.close()


@pytest.fixture
def sqs(aws: S3Server) -> Iterator[Any]:
    client = boto3.client("sqs")
    yield client
    client.close()


def taken(sqs: Any, name: str) -> list[dict[str, Any]]:
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    messages: list[dict[str, Any]] = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]
    ).get("Messages", [])
    return messages


@pytest.mark.parametrize(("express", "queue"), [(True, "express"), (False, "standard")])
async def test_a_job_goes_to_its_queue_as_its_rooms(queues: SqsQueues, sqs: Any, express: bool, queue: str) -> None:
    await QueueTransport(queues, XttsSettings()).send(JOB, express=express)
    (message,) = taken(sqs, NAMES[queue])
    assert SpeechJob.model_validate_json(message["Body"]) == JOB
    assert message["Attributes"]["MessageGroupId"] == "night"


async def test_what_is_to_come_later_is_not_there_yet(queues: SqsQueues, sqs: Any) -> None:
    await queues.send(NAMES["deadlines"], "late", delay_s=20)
    await queues.send(NAMES["deadlines"], "much too late", delay_s=100_000)
    assert taken(sqs, NAMES["deadlines"]) == []
    url = sqs.get_queue_url(QueueName=NAMES["deadlines"])["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert answer["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "2"


async def test_a_queue_may_be_named_by_its_url(queues: SqsQueues, sqs: Any) -> None:
    await queues.send(sqs.get_queue_url(QueueName=NAMES["results"])["QueueUrl"], "hello")
    assert [each["Body"] for each in taken(sqs, NAMES["results"])] == ["hello"]


async def test_it_tells_how_many_wait(queues: SqsQueues) -> None:
    transport = QueueTransport(queues, XttsSettings())
    for _ in range(3):
        await transport.send(JOB, express=False)
    assert await transport.check() == "0 express and 3 standard jobs wait"


async def test_a_queue_that_nobody_made_is_a_failed_backend(queues: SqsQueues) -> None:
    with pytest.raises(BackendServerError, match="nobody-made-it"):
        await queues.send("nobody-made-it", "hello")


async def test_an_sqs_that_is_away_is_a_failed_backend(aws: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    queues = SqsQueues(1)
    with pytest.raises(BackendNetworkError):
        await queues.send(NAMES["results"], "hello")
    await queues.close()


async def test_a_function_reads_what_was_sent_until_it_is_deleted(queues: SqsQueues) -> None:
    receiver = SqsReceiver(NAMES["results"])
    await queues.send(NAMES["results"], "hello")
    records = receiver.receive(10)
    assert [(each["body"], each["eventSource"]) for each in records] == [("hello", "aws:sqs")]
    receiver.delete(records)
    receiver.delete([])
    assert await queues.depth(NAMES["results"]) == 0


async def test_what_is_never_done_with_ends_in_a_queue_of_its_own(sqs: Any) -> None:
    url = sqs.get_queue_url(QueueName=NAMES["results"])["QueueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    assert json.loads(policy)["deadLetterTargetArn"].endswith(f"{NAMES['results']}-dlq")


async def test_sagemaker_is_told_where_the_job_lies(aws: S3Server) -> None:
    objects = S3Objects(BUCKET, timeout_s=5)
    transport = SageMakerTransport(objects, "xtts", 5)
    await transport.send(JOB, express=True)
    assert SpeechJob.model_validate_json(objects.get("temp/xtts/j1.json")) == JOB
    with pytest.raises(BackendUnavailableError):
        await transport.check()  # no endpoint of that name
    objects.close()


def test_a_bucket_is_made(aws: S3Server) -> None:
    make_bucket("danmu-tts-of-our-own")
    client = boto3.client("s3")
    assert "danmu-tts-of-our-own" in [each["Name"] for each in client.list_buckets()["Buckets"]]
    client.close()
