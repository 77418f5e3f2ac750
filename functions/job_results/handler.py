"""The Lambda entry point: ``functions.job_results.handler.handler``. Reads the queue of results."""

import json
from typing import Any

from pydantic import ValidationError

from functions import sqs_batch
from functions.warm_up import at_start
from speech_contract.jobs import JobResult


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """End the jobs that a GPU says it is done with."""
    return sqs_batch.serve(event, read, _act)


async def _act(result: JobResult) -> None:
    from danmu_tts.bootstrap import container

    await container().jobs.result(result)


def read(body: str) -> JobResult:
    """A result, or SageMaker's own word, over SNS, that an invocation failed. Raises ValueError."""
    try:
        return JobResult.model_validate_json(body)
    except ValidationError:
        notice = json.loads(body)
    if isinstance(notice, dict) and isinstance(notice.get("Message"), str):
        notice = json.loads(notice["Message"])
    if not isinstance(notice, dict) or notice.get("invocationStatus") != "Failed":
        raise ValueError("neither a result nor the notice of a failure")
    return JobResult(id=notice.get("inferenceId"), reason="failed", message=str(notice.get("failureReason", ""))[:1000])


def _warm() -> None:
    from danmu_tts.bootstrap import container, warm

    warm(container())


at_start(_warm)
