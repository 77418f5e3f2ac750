"""The queues of XTTS as a machine of one's own needs them: made, and read for the functions that Lambda would call."""

from typing import Any, Protocol

from danmu_tts.settings import Settings

_PATIENCE_S = 10


class Receiver(Protocol):
    """A queue as Lambda reads it; blocks."""

    def receive(self, most: int) -> list[dict[str, Any]]:
        """Wait for messages, as records of Lambda's event."""
        ...

    def delete(self, records: list[dict[str, Any]]) -> None:
        """These are done with."""
        ...


def results_receiver(settings: Settings) -> Receiver:
    """What ``functions.job_results`` is fed with."""
    from danmu_tts.adapters.jobs.receiving import SqsReceiver

    return SqsReceiver(settings.xtts.results_queue)


def deadlines_receiver(settings: Settings) -> Receiver:
    """What ``functions.job_deadlines`` is fed with."""
    from danmu_tts.adapters.jobs.receiving import SqsReceiver

    return SqsReceiver(settings.xtts.deadlines_queue)


def make_queues(settings: Settings, bucket: str) -> None:
    """Make them, and the bucket, in an SQS and an S3 that begin empty."""
    from danmu_tts.adapters.jobs import making_queues

    own = settings.xtts
    making_queues.make_bucket(bucket)
    making_queues.make_queues(
        {
            "express": own.express_queue,
            "standard": own.standard_queue,
            "results": own.results_queue,
            "deadlines": own.deadlines_queue,
        }
    )


class Keeper(Protocol):
    """Recordings of an S3 that forgets, in a folder; blocks."""

    def restore(self) -> int:
        """Put what the folder has into the bucket; how many."""
        ...

    def keep(self) -> None:
        """Do to the folder what was done to the bucket since the last time."""
        ...


def references_keeper(settings: Settings, bucket: str) -> Keeper:
    """What keeps voices of one's own over a restart."""
    from danmu_tts.adapters.aws.kept_objects import KeptObjects
    from danmu_tts.adapters.jobs.sqs import open_client
    from speech_contract.jobs import REFERENCE_PREFIX

    return KeptObjects(open_client("s3", _PATIENCE_S), bucket, REFERENCE_PREFIX, settings.xtts.local_directory)
