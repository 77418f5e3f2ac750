"""A batch of SQS messages: each is done with by itself, and those alone that failed come again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any, Protocol, TypeVar

from danmu_tts import process_loop
from danmu_tts.observability import describe_error, get_logger, request_scope

logger = get_logger("jobs")


class Message(Protocol):
    """What is read of a body."""

    @property
    def request_id(self) -> str:
        """Of the request that it is about; empty where it does not say."""
        ...


M = TypeVar("M", bound=Message)

Read = Callable[[str], M]
"""Understands the body of a message. Raises ValueError."""
Act = Callable[[M], Awaitable[None]]
"""Does what a message asks for. What it raises brings the message again, and in the end to the DLQ."""


def serve(event: dict[str, Any], read: Read[M], act: Act[M]) -> dict[str, Any]:
    """Serve one event of SQS; see ``ReportBatchItemFailures`` in Lambda's documentation."""
    return process_loop.run(_serve(event, read, act))


async def _serve(event: dict[str, Any], read: Read[M], act: Act[M]) -> dict[str, Any]:
    records = event["Records"]
    done = await asyncio.gather(*(_is_done(record, read, act) for record in records))
    failed = [record["messageId"] for record, is_done in zip(records, done, strict=True) if not is_done]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


async def _is_done(record: dict[str, Any], read: Read[M], act: Act[M]) -> bool:
    """Logs under the request that the message is about, or, where that is not known, under the message's own id."""
    message_id = str(record["messageId"])
    with ExitStack() as scopes:
        scopes.enter_context(request_scope(message_id))
        try:
            message = read(record["body"])
            if message.request_id:
                scopes.enter_context(request_scope(message.request_id))
            await act(message)
        except Exception as error:  # noqa: BLE001 - the process boundary: one message says nothing of the others
            fields = {"message_id": message_id} | describe_error(error)
            logger.error("a message failed and will come again", extra=fields)
            return False
    return True
