"""What becomes of what was made: audio to the bucket, then the result to its queue; only then the job is deleted."""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gpu_service.aws import AwayError
from gpu_service.backoff import Backoff
from gpu_service.clock import Clock
from gpu_service.held import Held
from gpu_service.metrics import OK, Metrics
from gpu_service.queues import MOST_A_CALL, Queue
from gpu_service.speaking import Spoken
from gpu_service.store import Store
from gpu_service.tickets import Ticket
from gpu_service.wav import wav_file
from speech_contract.jobs import JobAudio, JobResult, audio_key

_log = logging.getLogger(__name__)

_UPLOADS = 8
_MOST_MESSAGE_CHARS = 1000
_LATE_RESULT_MS = 30_000
"""The result of a job that is over is tried this much longer: it says so, and costs nobody his turn."""


class Uploads:
    """Puts audio into the bucket, several at once, and hands each result on. At most ``most`` are under way."""

    def __init__(
        self,
        store: Store,
        sample_rate_hz: int,
        most: int,
        metrics: Metrics,
        deliver: Callable[[Ticket, JobResult], None],
    ) -> None:
        self._store = store
        self._sample_rate_hz = sample_rate_hz
        self._metrics = metrics
        self._deliver = deliver
        self._free = threading.BoundedSemaphore(most)
        self._pool = ThreadPoolExecutor(_UPLOADS, thread_name_prefix="upload")

    def submit(self, spoken: Spoken) -> None:
        """Begin. Waits while too many are under way, so that audio does not pile up where the bucket is away."""
        self._free.acquire()
        self._pool.submit(self._finish, spoken)

    def close(self) -> None:
        """Wait for all."""
        self._pool.shutdown(wait=True)

    def _finish(self, spoken: Spoken) -> None:
        try:
            result = self._stored(spoken)
            waited_s = result.waited_ms / 1000
            self._metrics.job_ended(spoken.ticket.lane, result.reason or OK, waited_s)
            _log_result(spoken.ticket, result)
            self._deliver(spoken.ticket, result)
        except Exception:  # noqa: BLE001 - the last caller of a pool's thread: else nobody would hear of it
            _log.exception("a result is lost", extra=spoken.ticket.names)
        finally:
            self._free.release()

    def _stored(self, spoken: Spoken) -> JobResult:
        job = spoken.ticket.job
        base = JobResult(
            id=job.id,
            waited_ms=spoken.waited_ms,
            made_ms=spoken.made_ms,
            batch=spoken.batch,
            request_id=job.request_id,
        )
        if spoken.samples is None:
            message = spoken.message[:_MOST_MESSAGE_CHARS]
            return base.model_copy(update={"reason": spoken.reason or "failed", "message": message})
        duration_ms = round(1000 * len(spoken.samples) / self._sample_rate_hz)
        if duration_ms < 1:
            return base.model_copy(update={"reason": "failed", "message": "the engine made no sound"})
        key = audio_key(job.id)
        try:
            self._store.put_wav(key, wav_file(spoken.samples, self._sample_rate_hz))
        except AwayError as error:
            self._metrics.aws_failed("put_audio")
            return base.model_copy(update={"reason": "store_away", "message": str(error)[:_MOST_MESSAGE_CHARS]})
        audio = JobAudio(key=key, sample_rate_hz=self._sample_rate_hz, duration_ms=duration_ms)
        return base.model_copy(update={"audio": audio})


@dataclass(frozen=True, slots=True)
class _Parcel:
    ticket: Ticket
    result: JobResult
    give_up_at_ms: int


class Sender:
    """Sends results, ten at a time where there are ten, and deletes what SQS has taken the result of.

    Away: tries again until nobody waits for the result any more; its job is then let go, and comes again.
    """

    def __init__(
        self, results: Queue, held: Held, clock: Clock, metrics: Metrics, backoff: Backoff | None = None
    ) -> None:
        self._results = results
        self._held = held
        self._clock = clock
        self._metrics = metrics
        self._backoff = backoff or Backoff()
        self._parcels: queue.SimpleQueue[_Parcel | None] = queue.SimpleQueue()
        self._pending: list[_Parcel] = []
        self._done: list[Ticket] = []
        self._hurry = threading.Event()

    def put(self, ticket: Ticket, result: JobResult) -> None:
        """Send it soon."""
        give_up_at_ms = max(ticket.job.expires_at_ms, self._clock.unix_ms() + _LATE_RESULT_MS)
        self._parcels.put(_Parcel(ticket, result, give_up_at_ms))

    def close(self) -> None:
        """End ``run`` when all that was put is sent."""
        self._parcels.put(None)

    def hurry(self) -> None:
        """End ``run`` now."""
        self._hurry.set()
        self._parcels.put(None)

    def run(self) -> None:
        """Send what is put, until closed. For a thread of its own."""
        is_open = True
        while (is_open or self._pending or self._done) and not self._hurry.is_set():
            is_open = self._fill(is_open)
            try:
                self._delete()
                self._send()
                self._delete()
                self._backoff.reset()
            except AwayError as error:
                self._metrics.aws_failed("send_results")
                unsent, undeleted = len(self._pending), len(self._done)
                _log.warning("no result can be sent: %s", error, extra={"unsent": unsent, "undeleted": undeleted})
                self._give_up_late()
                self._backoff.wait(self._hurry)

    def _fill(self, is_open: bool) -> bool:
        """Take what is there, and wait only where there is nothing else to do. Whether more may come."""
        while is_open and len(self._pending) < MOST_A_CALL:
            try:
                parcel = self._parcels.get(block=not (self._pending or self._done))
            except queue.Empty:
                break
            if parcel is None:
                return False
            self._pending.append(parcel)
        return is_open

    def _send(self) -> None:
        """Raises AwayError; also where SQS took none of them."""
        if not self._pending:
            return
        parcels = self._pending
        taken = set(self._results.send([parcel.result.model_dump_json() for parcel in parcels]))
        self._pending = [parcel for index, parcel in enumerate(parcels) if index not in taken]
        self._done += [parcel.ticket for index, parcel in enumerate(parcels) if index in taken]
        if not taken:
            raise AwayError(f"{self._results.name} took none of {len(parcels)} results")

    def _delete(self) -> None:
        """Raises AwayError. Should that last, they come again, and so does their result, which changes nothing."""
        if self._done:
            self._held.delete(self._done)
            self._done = []

    def _give_up_late(self) -> None:
        now_ms = self._clock.unix_ms()
        late = [parcel for parcel in self._pending if parcel.give_up_at_ms <= now_ms]
        self._pending = [parcel for parcel in self._pending if parcel.give_up_at_ms > now_ms]
        self._held.forget([parcel.ticket for parcel in late])


def _log_result(ticket: Ticket, result: JobResult) -> None:
    _log.info(
        "job ended",
        extra=ticket.names
        | {
            "queue": ticket.lane,
            "outcome": result.reason or OK,
            "chars": sum(map(len, ticket.job.parts)),
            "waited_ms": result.waited_ms,
            "made_ms": result.made_ms,
            "batch": result.batch,
        },
    )
