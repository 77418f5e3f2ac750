"""Brings jobs from one queue to those who wait."""

import logging
import threading
from collections.abc import Sequence

from pydantic import ValidationError

from gpu_service.aws import AwayError
from gpu_service.backoff import Backoff
from gpu_service.held import Held
from gpu_service.metrics import Metrics
from gpu_service.queues import Message, Queue
from gpu_service.references import References
from gpu_service.tickets import Lane, Receipt, Ticket
from gpu_service.waiting import Waiting
from speech_contract.jobs import SpeechJob

_log = logging.getLogger(__name__)


class Receiver:
    """Polls one queue while its lane has room. For a thread of its own."""

    def __init__(
        self,
        lane: Lane,
        queue: Queue,
        waiting: Waiting,
        held: Held,
        references: References,
        metrics: Metrics,
        *,
        visibility_s: int,
        poll_s: int,
    ) -> None:
        self._lane: Lane = lane
        self._queue = queue
        self._waiting = waiting
        self._held = held
        self._references = references
        self._metrics = metrics
        self._visibility_s = visibility_s
        self._poll_s = poll_s

    def run(self, stop: threading.Event) -> None:
        """Receive until it is time to stop; what comes after that is given back at once."""
        backoff = Backoff()
        while not stop.is_set():
            room = self._waiting.await_room(self._lane)
            if not room:
                return
            try:
                messages = self._queue.receive(room, self._visibility_s, self._poll_s)
            except AwayError as error:
                self._metrics.aws_failed("receive_jobs")
                _log.warning("no jobs can be received: %s", error)
                backoff.wait(stop)
            else:
                backoff.reset()
                self._bring(messages)

    def _bring(self, messages: Sequence[Message]) -> None:
        tickets = [ticket for message in messages if (ticket := self._read(message))]
        self._held.hold(tickets)
        needy = [ticket for ticket in tickets if self._references.is_needed(ticket.job)]
        self._add([ticket for ticket in tickets if ticket not in needy])
        for ticket in needy:
            self._references.prefetch(ticket.job)
            self._add([ticket])

    def _add(self, tickets: Sequence[Ticket]) -> None:
        if tickets and not self._waiting.add(tickets):
            self._held.give_back(tickets)

    def _read(self, message: Message) -> Ticket | None:
        receipt = Receipt(self._queue.url, message.handle)
        try:
            job = SpeechJob.model_validate_json(message.body)
        except ValidationError as error:
            # Visible again at once, until the queue's redrive policy has seen it often enough. Its text stays out of
            # the log: whose words they are is not known.
            why = error.errors(include_input=False, include_url=False, include_context=False)
            _log.error("a message is no job", extra={"message_id": message.id, "queue": self._queue.name, "why": why})
            self._metrics.poison(self._lane)
            self._give_back_poison(message)
            return None
        return Ticket(job, self._lane, message.receives, receipt)

    def _give_back_poison(self, message: Message) -> None:
        try:
            self._queue.change_visibility([message.handle], 0)
        except AwayError as error:
            _log.warning("a message that is no job comes again later: %s", error)
