"""From jobs that wait to results on their way; what the consumer and the web server have in common."""

import logging
import threading
from collections.abc import Callable, Sequence

from gpu_service.clock import Clock
from gpu_service.metrics import BatchFigures
from gpu_service.results import Sender, Uploads
from gpu_service.speaking import EngineBrokenError, Speaker, Spoken, figures_of
from gpu_service.tickets import Ticket
from gpu_service.waiting import Waiting
from gpu_service.watch import Watch
from speech_contract.jobs import JobResult

_log = logging.getLogger(__name__)

Observer = Callable[[BatchFigures], None]


def start_thread(name: str, run: Callable[[], None], crashed: Callable[[], None]) -> threading.Thread:
    """A thread whose end by an error does not go unnoticed."""

    def guarded() -> None:
        try:
            run()
        except Exception:  # noqa: BLE001 - a thread's boundary
            _log.exception("a thread has ended", extra={"work": name})
            crashed()

    thread = threading.Thread(target=guarded, name=name, daemon=True)
    thread.start()
    return thread


class Production:
    """The speaking loop, its uploads, and the sender of results where there is a queue for them."""

    def __init__(
        self,
        waiting: Waiting,
        speaker: Speaker,
        make_uploads: Callable[[Callable[[Ticket, JobResult], None]], Uploads],
        sender: Sender | None,
        watch: Watch,
        clock: Clock,
        *,
        sample_rate_hz: int,
        gather_s: float,
        observers: Sequence[Observer],
    ) -> None:
        self.waiting = waiting
        self._speaker = speaker
        self._uploads = make_uploads(self._deliver)
        self._sender = sender
        self._watch = watch
        self._clock = clock
        self._sample_rate_hz = sample_rate_hz
        self._gather_s = gather_s
        self._observers = observers
        self._threads: list[threading.Thread] = []

    def start(self, crashed: Callable[[], None]) -> None:
        """Begin. ``crashed`` hears of what cannot go on."""
        self._threads.append(start_thread("speak", self._speak_all, crashed))
        if self._sender:
            self._threads.append(start_thread("send", self._sender.run, crashed))

    def join(self, timeout_s: float) -> bool:
        """After ``waiting`` was closed: wait for the batch that is being made and for its results. Whether all went."""
        until_s = self._clock.elapsed_s() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - self._clock.elapsed_s()))
        done = not any(thread.is_alive() for thread in self._threads)
        if not done and self._sender:
            self._sender.hurry()
        return done

    def _speak_all(self) -> None:
        try:
            while (batch := self.waiting.take(self._speaker.fits, self._gather_s)) is not None:
                self._make(batch.rows, batch.expired)
                self._speaker.check()
        except EngineBrokenError:
            self._watch.broken()
            raise
        finally:
            self._uploads.close()
            if self._sender:
                self._sender.close()

    def _make(self, rows: Sequence[Ticket], expired: Sequence[Ticket]) -> None:
        began_s = self._clock.elapsed_s()
        spoken: list[Spoken] = [self._speaker.expired(ticket) for ticket in expired]
        spoken += self._speaker.speak(rows)
        figures = figures_of(spoken, self._clock.elapsed_s() - began_s, self._sample_rate_hz)
        for observe in self._observers:
            observe(figures)
        for one in spoken:
            self._uploads.submit(one)

    def _deliver(self, ticket: Ticket, result: JobResult) -> None:
        if self._sender:
            self._sender.put(ticket, result)
        if ticket.answer is not None and ticket.answer.set_running_or_notify_cancel():
            ticket.answer.set_result(result)
