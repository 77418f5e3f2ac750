"""A batch of SQS messages: each is done with by itself, and those alone that failed come again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from danmu_tts import process_loop
from danmu_tts.observability import describe_error, get_logger, request_scope

logger = get_logger("jobs")

Act = Callable[[str], Awaitable[None]]
"""Does what the body of a message asks for. What it raises brings the message again, and in the end to the DLQ."""


def serve(event: dict[str, Any], act: Act) -> dict[str, Any]:
    """Serve one event of SQS; see ``ReportBatchItemFailures`` in Lambda's documentation."""
    return process_loop.run(_serve(event, act))


async def _serve(event: dict[str, Any], act: Act) -> dict[str, Any]:
    records = event["Records"]
    done = await asyncio.gather(*(_is_done(record, act) for record in records))
    failed = [record["messageId"] for record, is_done in zip(records, done, strict=True) if not is_done]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


async def _is_done(record: dict[str, Any], act: Act) -> bool:
    with request_scope(str(record["messageId"])):
        try:
            await act(record["body"])
        except Exception as error:  # noqa: BLE001 - the process boundary: one message says nothing of the others
            logger.error("a message failed and will come again", extra=describe_error(error))
            return False
    return True
