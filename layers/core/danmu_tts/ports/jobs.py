"""Jobs, as all processes know them. Every method raises StoreAwayError while the store is away."""

from typing import Protocol

from danmu_tts.domain.jobs import Hearer, Job, JobFailure, JobState
from danmu_tts.domain.speech import Speech
from speech_contract.jobs import JobResult


class JobStore(Protocol):
    """Keeps jobs, and lets each end once."""

    async def create(self, job: Job, hearer: Hearer | None) -> None:
        """Keep a new one, ``queued``."""
        ...

    async def get(self, job_id: str) -> JobState | None:
        """How it stands; None for one that is unknown, or ended long ago."""
        ...

    async def end(self, job_id: str, outcome: Speech | JobFailure | None) -> bool:
        """End it: done, failed, or with None cancelled. False where something else has ended it before."""
        ...

    async def of_hearer(self, owner: str, utterance_id: str) -> str | None:
        """The id of the last job that a client called so."""
        ...

    async def move(self, job_id: str, hearer: Hearer) -> None:
        """Tell somebody else when it ends."""
        ...

    async def begin_telling(self, job_id: str) -> bool:
        """Whether to tell the hearer now: nobody has, nor is anybody just doing so."""
        ...

    async def told(self, job_id: str) -> None:
        """The hearer was told."""
        ...


class Expected(Protocol):
    """Results that somebody waits for, in whichever process."""

    async def expect(self, job_id: str, limit_s: float) -> None:
        """Begin to wait for one, for so long at most."""
        ...

    async def bring(self, result: JobResult) -> bool:
        """Hand a result to whoever waits for it; False where nobody does, or somebody was handed one before."""
        ...

    async def wait(self, job_id: str, limit_s: float) -> JobResult | None:
        """Sleep until it is there; None where the time is up."""
        ...

    async def forget(self, job_id: str) -> None:
        """Nobody waits for it any more."""
        ...
