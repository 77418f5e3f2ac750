"""The queues and the bucket of the GPU service, as its callers see them."""

import itertools
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.client import Config

from gpu_service.queues import Queue
from gpu_service.settings import Settings
from gpu_service.tickets import Lane
from speech_contract.jobs import JobResult, SpeechJob

BUCKET = "danmu-audio"
MOST_RECEIVES = 3
_BOUND_S = 20

_numbers = itertools.count()


def until(condition: Callable[[], bool], bound_s: float = _BOUND_S) -> None:
    """Wait for something that happens elsewhere."""
    give_up_at = time.monotonic() + bound_s
    while not condition():
        assert time.monotonic() < give_up_at, f"not within {bound_s} s"
        time.sleep(0.005)


class Cloud:
    """Queues of a test's own in a server that others use, too."""

    def __init__(self, url: str, visibility_s: int = 30, most_receives: int = MOST_RECEIVES) -> None:
        config = Config(retries={"total_max_attempts": 1}, max_pool_connections=32)
        self.url = url
        self.sqs: Any = boto3.client("sqs", endpoint_url=url, config=config)
        self.s3: Any = boto3.client("s3", endpoint_url=url, config=config)
        self._visibility_s = visibility_s
        number = next(_numbers)
        self._dead = self._create(f"dead-{number}")
        arn = self.sqs.get_queue_attributes(QueueUrl=self._dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": most_receives})}
        self._urls = {name: self._create(f"{name}-{number}", redrive) for name in ("express", "standard")}
        self._results = self._create(f"results-{number}")

    def queues(self, url: str | None = None) -> dict[Lane, Queue]:
        """As the consumer has them; at another address, of a proxy."""
        sqs = self._client(url)
        return {"express": Queue(sqs, self._urls["express"]), "standard": Queue(sqs, self._urls["standard"])}

    def results_queue(self, url: str | None = None) -> Queue:
        return Queue(self._client(url), self._results)

    def settings(self, **changes: Any) -> Settings:
        fields: dict[str, Any] = {
            "bucket": BUCKET,
            "express_queue": self._urls["express"],
            "standard_queue": self._urls["standard"],
            "results_queue": self._results,
            "visibility_s": self._visibility_s,
            "poll_s": 1,
            "metrics_port": 0,
        }
        return Settings(**(fields | changes))

    def environment(self, **changes: Any) -> Mapping[str, str]:
        """The same for another process."""
        settings = self.settings(**changes).model_dump(exclude_defaults=True)
        return {
            "AWS_ENDPOINT_URL": self.url,
            "COQUI_TOS_AGREED": "1",
            **{f"DANMU_TTS_GPU__{name.upper()}": str(value) for name, value in settings.items()},
        }

    def send(self, *jobs: SpeechJob | str, lane: str = "standard") -> None:
        bodies = [job if isinstance(job, str) else job.model_dump_json() for job in jobs]
        for some in (bodies[at : at + 10] for at in range(0, len(bodies), 10)):
            entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(some)]
            self.sqs.send_message_batch(QueueUrl=self._urls[lane], Entries=entries)

    def end_polls(self) -> None:
        """Give each poll something, so that who waits for it need not wait for its end."""
        for lane in self._urls:
            self.send("no job", "no job", lane=lane)

    def results(self, count: int, bound_s: float = _BOUND_S) -> list[JobResult]:
        """Wait for so many, and take them."""
        found: list[JobResult] = []
        give_up_at = time.monotonic() + bound_s
        while len(found) < count:
            assert time.monotonic() < give_up_at, f"{len(found)} of {count} results within {bound_s} s"
            answer = self.sqs.receive_message(QueueUrl=self._results, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", ()):
                self.sqs.delete_message(QueueUrl=self._results, ReceiptHandle=message["ReceiptHandle"])
                found.append(JobResult.model_validate_json(message["Body"]))
        return found

    def audio(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def visible(self, lane: str) -> int:
        return self._count(self._urls[lane], "ApproximateNumberOfMessages")

    def hidden(self, lane: str) -> int:
        return self._count(self._urls[lane], "ApproximateNumberOfMessagesNotVisible")

    def dead(self) -> int:
        return self._count(self._dead, "ApproximateNumberOfMessages")

    def is_empty(self) -> bool:
        return not any(self.visible(lane) + self.hidden(lane) for lane in self._urls)

    def _client(self, url: str | None) -> Any:
        return boto3.client("sqs", endpoint_url=url, config=self.sqs.meta.config) if url else self.sqs

    def _count(self, url: str, attribute: str) -> int:
        return int(self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])["Attributes"][attribute])

    def _create(self, name: str, attributes: Mapping[str, str] | None = None) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes or {})["QueueUrl"])
