"""Speech that is made elsewhere while nobody waits: begun, ended once, told to whoever asked.

What ends a job comes by queues, at least once each: its result and its deadline, to any process. The first that is
ready ends the job; what the other one brings is let go.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial

from danmu_tts.background import Background
from danmu_tts.domain.access import Principal
from danmu_tts.domain.connections import Connection, ListenerGoneError
from danmu_tts.domain.errors import (
    BackendNetworkError,
    BackendUnavailableError,
    DanmuTTSError,
    NotFoundError,
    StoreAwayError,
)
from danmu_tts.domain.jobs import Hearer, Job, JobFailure, JobState, JobStatus, gpu_time_s
from danmu_tts.domain.speech import Script, Speech, SpeechRequest
from danmu_tts.observability import current_request_id, get_logger, request_scope
from danmu_tts.ports import AudioListener, CacheHit, Expected, JobStore, Metrics, QueuedBackend, SpeechCache
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.elsewhere import collected, late, submit
from danmu_tts.services.job_telling import JobTelling
from danmu_tts.services.maker import Elsewhere
from danmu_tts.services.speak import SpeakService
from danmu_tts.services.trying import Deferred
from speech_contract.jobs import JobDeadline, JobResult

logger = get_logger("jobs")

# Somebody has asked, so somebody speaks, even where every queue was late.
_LEAST_S = 3.0
# A queue counts whole seconds, and tells a deadline up to one too early.
_MOST_EARLY_S = 1.0
# A deadline that nobody has told by now is not waited for any longer.
_MOST_LATE_S = 1.0


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What the operator decides, in seconds.

    Attributes:
        patience_s: longest wait for what is made elsewhere.
        fallback_s: what another voice needs after that.
        keeps_time: this process lives on, and tells deadlines itself where their queue is late.
    """

    patience_s: float
    fallback_s: float
    keeps_time: bool = False


@dataclass(frozen=True, slots=True)
class JobWorld:
    """What jobs need beside services.

    Attributes:
        clock: Unix seconds.
        new_id: never repeats itself.
    """

    store: JobStore
    expected: Expected
    cache: SpeechCache
    metrics: Metrics
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    new_id: Callable[[], str]


class Jobs:
    """See the module. One instance a process."""

    def __init__(
        self, speak: SpeakService, backends: BackendManager, telling: JobTelling, options: JobOptions, world: JobWorld
    ) -> None:
        self._speak = speak
        self._backends = backends
        self._telling = telling
        self._options = options
        self._world = world
        self._store = world.store
        self._dropping, self._timers = Background(), Background()
        self._are_possible = any(map(backends.is_queued, backends.names))

    async def ask(
        self,
        request: SpeechRequest,
        *,
        captions: bool,
        hearer: Hearer | None = None,
        listener: AudioListener | None = None,
    ) -> Speech | Deferred:
        """Speak, or where the voice is made elsewhere, begin a job. Raises what ``SpeakService.speak`` raises.

        Args:
            captions: whether a job's answer is to have them.
            hearer: is told when the job ends.
            listener: hears what is spoken now.
        """
        return await self._speak.speak_or_defer(request, partial(self._begin, hearer, captions), listener)

    async def get(self, principal: Principal, job_id: str) -> JobState:
        """How one of the caller's jobs stands; one whose deadline nobody has told ends now.

        Raises NotFoundError, StoreAwayError.
        """
        state = await self._store.get(job_id)
        if state is None or state.job.request.principal.key_id != principal.key_id:
            raise NotFoundError(f"No job {job_id[:80]!r} of yours is known; each is forgotten some time after its end.")
        if state.status is JobStatus.QUEUED and self._is_overdue(state.job):
            await self.deadline(JobDeadline(id=job_id))
            state = await self._store.get(job_id) or state
        return state

    async def speech_of(self, state: JobState) -> Speech | None:
        """The speech of a job with its audio; None where it did not end well, or the audio is not kept any more."""
        if state.speech is None:
            return None
        found = await self._world.cache.get(state.speech.key)
        return replace(state.speech, encoded=found.speech) if isinstance(found, CacheHit) else None

    async def cancel(self, principal: Principal, job_id: str) -> JobState:
        """Let one of the caller's jobs be, unless it has ended; how it stands then. Raises NotFoundError."""
        state = await self.get(principal, job_id)
        await self._end(state.job, None, ended_by="asker")
        return await self.get(principal, job_id)

    async def is_heard(self, owner: str, utterance_id: str) -> bool:
        """Whether a client's utterance of that id is a job that has not ended. Raises StoreAwayError."""
        state = await self._heard(owner, utterance_id)
        return state is not None and state.status is JobStatus.QUEUED

    async def cancel_heard(self, owner: str, utterance_id: str) -> bool:
        """Let it be; False where none of that id is queued. Raises StoreAwayError."""
        state = await self._heard(owner, utterance_id)
        return state is not None and await self._end(state.job, None, ended_by="asker")

    async def come_back(self, connection: Connection, utterance_id: str) -> bool:
        """A client is on another connection now; False where it has no such job. Raises StoreAwayError."""
        state = await self._heard(connection.owner, utterance_id)
        if state is None or state.hearer is None:
            return False
        hearer = replace(state.hearer, connection=connection)
        await self._store.move(state.job.id, hearer)
        state = await self._store.get(state.job.id) or state
        if state.status is not JobStatus.QUEUED:  # perhaps told to a connection that was gone by then
            await self._told(hearer, state)
        return True

    def drop(self, job: Job) -> None:
        """Let a job be of which nobody was told. Where it is not reached, its deadline ends it unheard."""

        async def end() -> None:
            with suppress(StoreAwayError):
                await self._store.end(job.id, None)

        self._dropping.start(end())

    async def close(self) -> None:
        """Finish what is ending."""
        await self._dropping.finish()

    async def result(self, result: JobResult) -> None:
        """Do what a result asks for; the second time nothing. Raises StoreAwayError: it must be brought again."""
        if await self._world.expected.bring(result):
            return
        state = await self._store.get(result.id)
        if state and state.status is JobStatus.QUEUED:
            watched = self._backends.watched[state.job.voice.backend]
            with _of_its_asker(state.job):
                await self._finish(state.job, collected(watched, result), ended_by="result")
        elif state:
            await self._tell(state)
        for each in self._backends.watched.values():
            if isinstance(each.backend, QueuedBackend):
                await each.backend.discard(result)

    async def deadline(self, deadline: JobDeadline) -> None:
        """Have another voice speak, unless the job has ended. Raises StoreAwayError: it must be told again."""
        state = await self._store.get(deadline.id)
        if state is None:
            return
        early_s = state.job.expires_at_ms / 1000 - self._world.clock()
        if state.status is JobStatus.QUEUED and early_s > 0:
            await self._world.sleep(min(early_s, _MOST_EARLY_S))
            state = await self._store.get(deadline.id) or state
        if state.status is JobStatus.QUEUED:
            watched = self._backends.watched[state.job.voice.backend]
            with _of_its_asker(state.job):
                await self._finish(state.job, late(watched, state.job), ended_by="deadline")
        else:
            await self._tell(state)

    async def _begin(
        self, hearer: Hearer | None, captions: bool, request: SpeechRequest, script: Script, left_s: float
    ) -> Job:
        """See ``trying.Defer``. Who cannot be sent a job is another voice's turn now, not at the deadline."""
        now_ms = self._now_ms()
        gpu_s = min(gpu_time_s(left_s, self._options.fallback_s), self._options.patience_s)
        job = Job(
            f"j{self._world.new_id()}",
            request,
            captions,
            script.voice,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + round(gpu_s * 1000),
            deadline_at_ms=now_ms + round(left_s * 1000),
            request_id=current_request_id(),
        )
        watched = self._backends.watched[script.voice.backend]
        watched.check_fit()
        try:
            await self._store.create(job, hearer)
            await submit(watched, job, script)
        except StoreAwayError as error:
            raise BackendNetworkError("Nobody could keep the job: Redis is away.") from error
        except BaseException as error:
            self.drop(job)
            if isinstance(error, BackendUnavailableError):
                watched.learnt(error)
            raise
        if self._options.keeps_time:
            self._timers.start(self._keep_time(job))
        return job

    async def _keep_time(self, job: Job) -> None:
        """Tell the deadline, unless it was told by then: this process's own queue is never away."""
        await self._world.sleep(job.expires_at_ms / 1000 + _MOST_LATE_S - self._world.clock())
        with suppress(StoreAwayError):
            await self.deadline(JobDeadline(id=job.id))

    def _is_overdue(self, job: Job) -> bool:
        return self._world.clock() >= job.expires_at_ms / 1000 + _MOST_LATE_S

    async def _finish(self, job: Job, elsewhere: Elsewhere, *, ended_by: str) -> None:
        now_ms = self._now_ms()
        left_s = max(_LEAST_S, (job.deadline_at_ms - now_ms) / 1000)
        try:
            speech = await self._speak.finish(
                job, elsewhere, left_s=left_s, elapsed_s=max(0.0, (now_ms - job.created_at_ms) / 1000)
            )
            await self._speak.link(speech)  # so that it is where links lead, also what a plugin has changed
        except StoreAwayError:
            raise
        except DanmuTTSError as error:
            await self._end(job, JobFailure(error.code, error.http_status, error.message), ended_by=ended_by)
            return
        await self._end(job, speech, ended_by=ended_by)

    async def _end(self, job: Job, outcome: Speech | JobFailure | None, *, ended_by: str) -> bool:
        is_first = await self._store.end(job.id, outcome)
        if is_first:
            seconds = (self._now_ms() - job.created_at_ms) / 1000
            self._world.metrics.job(ended_by=ended_by, seconds=seconds)
            logger.info("job ended", extra={"job": job.id, "by": ended_by, "seconds": round(seconds, 3)})
        if state := await self._store.get(job.id):
            await self._tell(state)
        return is_first

    async def _tell(self, state: JobState) -> None:
        """Tell the hearer, unless somebody has, or does so just now: what is brought twice is told once."""
        if state.hearer is None or state.told or not await self._store.begin_telling(state.job.id):
            return
        if await self._told(state.hearer, state):
            await self._store.told(state.job.id)

    async def _told(self, hearer: Hearer, state: JobState) -> bool:
        try:
            await self._telling.tell(hearer, state, await self.speech_of(state))
        except ListenerGoneError:
            return False  # it hears when it comes back
        return True

    async def _heard(self, owner: str, utterance_id: str) -> JobState | None:
        if not self._are_possible:
            return None
        job_id = await self._store.of_hearer(owner, utterance_id)
        return await self._store.get(job_id) if job_id else None

    def _now_ms(self) -> int:
        return round(self._world.clock() * 1000)


def _of_its_asker(job: Job) -> AbstractContextManager[None]:
    """Whoever ends a job logs under the request that began it, as far as that is known."""
    return request_scope(job.request_id or current_request_id())
