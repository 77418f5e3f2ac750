"""A queue as Lambda reads it for a function: long polls, batches, and what failed is seen again later."""

from typing import Any

from danmu_tts.adapters.jobs.sqs import open_client
from danmu_tts.once import once

# Longer than SQS holds a poll.
_PATIENCE_S = 30
_LONGEST_POLL_S = 20


class SqsReceiver:
    """Everything here blocks. Raises what botocore raises."""

    def __init__(self, queue: str) -> None:
        """``queue``: its name or URL. Opens nothing yet."""
        self._queue = queue
        self._client = once(lambda: open_client("sqs", _PATIENCE_S))
        self._url = once(self._find)

    def receive(self, most: int) -> list[dict[str, Any]]:
        """Wait for messages, up to 20 s, and give them as the records of Lambda's event."""
        answer = self._client().receive_message(
            QueueUrl=self._url(),
            MaxNumberOfMessages=most,
            WaitTimeSeconds=_LONGEST_POLL_S,
            AttributeNames=["All"],
        )
        return [_record(message) for message in answer.get("Messages", ())]

    def delete(self, records: list[dict[str, Any]]) -> None:
        """These are done with."""
        entries = [{"Id": str(place), "ReceiptHandle": each["receiptHandle"]} for place, each in enumerate(records)]
        if entries:
            self._client().delete_message_batch(QueueUrl=self._url(), Entries=entries)

    def _find(self) -> str:
        if self._queue.startswith(("http://", "https://")):
            return self._queue
        url: str = self._client().get_queue_url(QueueName=self._queue)["QueueUrl"]
        return url


def _record(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "",
        "awsRegion": "local",
    }
