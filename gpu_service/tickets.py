"""A job on its way through this process."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal

from speech_contract.jobs import JobResult, SpeechJob

Lane = Literal["express", "standard", "direct"]
"""Which queue a job came from; ``direct`` is the web server's."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What SQS wants to hear of a message that it gave us; another one each time that it does."""

    queue_url: str
    handle: str


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """A job, and who waits for it.

    Attributes:
        receives: how often the queue has given it to anyone; more than once means that a process ended over it.
        receipt: where it came from a queue.
        answer: where a caller waits for it.
    """

    job: SpeechJob
    lane: Lane
    receives: int = 1
    receipt: Receipt | None = None
    answer: "Future[JobResult] | None" = None

    @property
    def names(self) -> dict[str, str]:
        """What every log line about it says."""
        return names_of(self.job)


def names_of(job: SpeechJob) -> dict[str, str]:
    """Of a job, for a log line about it: its own, and that of the request that it was begun for."""
    return {"job": job.id, "request_id": job.request_id}
