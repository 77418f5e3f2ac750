"""One SQS queue."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gpu_service.aws import AWAY_ERRORS, AwayError

MOST_A_CALL = 10
"""Of SQS, for whatever it does with several messages."""

_NOT_FOUND = "AWS.SimpleQueueService.NonExistentQueue"


class NoQueueError(Exception):
    """There is no queue of that name, or we may not know of it."""


@dataclass(frozen=True, slots=True)
class Message:
    """As received: its id, what to delete it by, how often anyone received it, and what it says."""

    id: str
    handle: str
    receives: int
    body: str


class Queue:
    """A queue by its URL. Every method raises AwayError. Thread-safe."""

    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self.url = url

    @property
    def name(self) -> str:
        """The last part of its URL."""
        return self.url.rsplit("/", 1)[-1]

    def receive(self, most: int, visibility_s: int, poll_s: int) -> list[Message]:
        """Up to ``most`` messages, which nobody else gets for ``visibility_s``; waits for the first."""
        answer = self._call(
            "receive_message",
            MaxNumberOfMessages=min(most, MOST_A_CALL),
            VisibilityTimeout=visibility_s,
            WaitTimeSeconds=poll_s,
            AttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Message(
                message["MessageId"],
                message["ReceiptHandle"],
                int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
                message["Body"],
            )
            for message in answer.get("Messages", ())
        ]

    def send(self, bodies: Sequence[str]) -> list[int]:
        """Send up to ten; the indices of those that SQS has taken."""
        answer = self._call(
            "send_message_batch",
            Entries=[{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)],
        )
        return [int(entry["Id"]) for entry in answer.get("Successful", ())]

    def delete(self, handles: Sequence[str]) -> int:
        """Delete messages; how many SQS refused, of those whose receipt is no longer the last."""
        return sum(
            self._each("delete_message_batch", [{"ReceiptHandle": handle} for handle in some])
            for some in _tens(handles)
        )

    def change_visibility(self, handles: Sequence[str], visibility_s: int) -> int:
        """Keep messages from others for so long from now; 0 gives them back. How many SQS refused."""
        return sum(
            self._each(
                "change_message_visibility_batch",
                [{"ReceiptHandle": handle, "VisibilityTimeout": visibility_s} for handle in some],
            )
            for some in _tens(handles)
        )

    def _each(self, operation: str, entries: list[dict[str, Any]]) -> int:
        answer = self._call(operation, Entries=[{"Id": str(index), **entry} for index, entry in enumerate(entries)])
        return len(answer.get("Failed", ()))

    def _call(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self._sqs, operation)(QueueUrl=self.url, **arguments)
        except AWAY_ERRORS as error:
            raise AwayError(f"{self.name}: {operation}: {error}") from error


def find_queue(sqs: Any, name_or_url: str) -> Queue:
    """The queue of that name or URL. Raises NoQueueError, and AwayError where SQS cannot be asked."""
    if name_or_url.startswith(("https://", "http://")):
        return Queue(sqs, name_or_url)
    try:
        return Queue(sqs, sqs.get_queue_url(QueueName=name_or_url)["QueueUrl"])
    except AWAY_ERRORS as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
        if code in (_NOT_FOUND, "QueueDoesNotExist"):
            raise NoQueueError(f"there is no queue {name_or_url} in this account and region") from error
        raise AwayError(f"{name_or_url}: {error}") from error


def _tens(handles: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(handles), MOST_A_CALL):
        yield handles[start : start + MOST_A_CALL]
