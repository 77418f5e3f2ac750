"""SQS, as far as it is sent to."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from danmu_tts.adapters.backends.vendor_errors import error_for_status
from danmu_tts.domain.errors import BackendNetworkError, BackendServerError, BackendUnavailableError
from danmu_tts.once import once

_SIDE_BY_SIDE = 16
# From a vendor these would mean that the text is bad.
_OF_THE_TEXT = (400, 404, 413, 422)
MOST_DELAY_S = 900
"""The longest that SQS holds a message back."""


class SqsQueues:
    """Sends messages to queues by their names or URLs. Raises BackendUnavailableError."""

    def __init__(self, timeout_s: float) -> None:
        """Loads and opens nothing yet. ``timeout_s`` limits connecting, and each wait for an answer."""
        self._timeout_s = timeout_s
        self._client = once(self._open)
        self._opened: Any = None
        self._urls: dict[str, str] = {}
        self._threads = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="sqs")

    async def send(self, queue: str, body: str, *, group: str | None = None, delay_s: int = 0) -> None:
        """Send a message, to be seen after so many whole seconds; turns are taken fairly among groups."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._send, queue, body, group, delay_s)

    async def depth(self, queue: str) -> int:
        """About how many messages wait."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._depth, queue)

    async def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            await asyncio.to_thread(self._opened.close)

    def _send(self, queue: str, body: str, group: str | None, delay_s: int) -> None:
        options: dict[str, Any] = {"MessageGroupId": group} if group else {}
        if delay_s:
            options["DelaySeconds"] = min(delay_s, MOST_DELAY_S)
        with translated(f"queue {queue}"):
            self._client().send_message(QueueUrl=self._url(queue), MessageBody=body, **options)

    def _depth(self, queue: str) -> int:
        with translated(f"queue {queue}"):
            answer = self._client().get_queue_attributes(
                QueueUrl=self._url(queue), AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def _url(self, queue: str) -> str:
        if queue.startswith(("http://", "https://")):
            return queue
        if queue not in self._urls:
            self._urls[queue] = self._client().get_queue_url(QueueName=queue)["QueueUrl"]
        return self._urls[queue]

    def _open(self) -> Any:
        self._opened = open_client("sqs", self._timeout_s)
        return self._opened


def open_client(service: str, timeout_s: float) -> Any:
    """A client that gives up quickly: there is another voice to speak."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        max_pool_connections=_SIDE_BY_SIDE,
        retries={"max_attempts": 1},  # a connection that was kept while Lambda froze the process is often dead
        tcp_keepalive=True,
    )
    return boto3.Session().client(service, config=config)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise what AWS answers, or fails to, as one of our backend errors."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _meaning(what, error.response) from error
    except (BotoCoreError, OSError) as error:
        raise BackendNetworkError(f"{what} cannot be reached: {type(error).__name__}.") from error


def _meaning(what: str, answer: dict[str, Any]) -> BackendUnavailableError:
    """A request of ours that is refused says nothing of the text in it: a queue is not there, or not ours."""
    status, code = answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("Error", {}).get("Code", "")
    if status in _OF_THE_TEXT:
        return BackendServerError(f"{what} refused a message: {code or status}.")
    return error_for_status(what, status)
