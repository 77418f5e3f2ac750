"""The bucket and the queues of XTTS, made where nobody has deployed them: on one machine. Blocks."""

import json
from typing import Any

from danmu_tts.adapters.jobs.sqs import open_client

_PATIENCE_S = 10
_MOST_RECEIVES = 5
# Results and deadlines that failed come again so soon; a GPU says by itself how long it needs.
_VISIBILITY_S = {"results": 5, "deadlines": 5}
_VISIBILITY_S_ELSE = 30


def make_queues(names: dict[str, str]) -> None:
    """Make each queue, and one for what cannot be done with. ``names``: kind to name; URLs are somebody else's."""
    sqs = open_client("sqs", _PATIENCE_S)
    for kind, name in names.items():
        if not name.startswith(("http://", "https://")):
            _make_queue(sqs, name, _VISIBILITY_S.get(kind, _VISIBILITY_S_ELSE))


def _make_queue(sqs: Any, name: str, visibility_s: int) -> None:
    dead = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": _MOST_RECEIVES})
    sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(visibility_s), "RedrivePolicy": redrive})


def make_bucket(bucket: str) -> None:
    """Make the bucket."""
    open_client("s3", _PATIENCE_S).create_bucket(Bucket=bucket)
