"""The Lambda entry point: ``functions.job_deadlines.handler.handler``. Reads the queue of deadlines."""

from typing import Any

from functions import sqs_batch
from functions.warm_up import at_start
from speech_contract.jobs import JobDeadline


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Have other voices speak for the jobs that have not ended."""
    return sqs_batch.serve(event, JobDeadline.model_validate_json, _act)


async def _act(deadline: JobDeadline) -> None:
    from danmu_tts.bootstrap import container

    await container().jobs.deadline(deadline)


def _warm() -> None:
    from danmu_tts.bootstrap import container, warm

    warm(container())


at_start(_warm)
