"""What we have of SQS's and nobody else gets: kept so while it takes, then deleted or given back."""

import logging
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence

from gpu_service.aws import AwayError
from gpu_service.metrics import Metrics
from gpu_service.queues import Queue
from gpu_service.tickets import Ticket

_log = logging.getLogger(__name__)

_RETRY_S = 1
_BEATS = 3
"""A visibility timeout has room for so many heartbeats: one may be lost."""


class Held:
    """The messages that this process holds, by their receipts. Thread-safe."""

    def __init__(self, queues: Mapping[str, Queue], visibility_s: int, metrics: Metrics) -> None:
        self._queues = queues
        self._visibility_s = visibility_s
        self._metrics = metrics
        self._handles: dict[str, set[str]] = defaultdict(set)
        self._lock = threading.Lock()

    def hold(self, tickets: Sequence[Ticket]) -> None:
        """These have just been received."""
        with self._lock:
            for url, handles in _by_queue(tickets).items():
                self._handles[url].update(handles)

    def forget(self, tickets: Sequence[Ticket]) -> None:
        """Let them become visible when their time is over."""
        with self._lock:
            for url, handles in _by_queue(tickets).items():
                self._handles[url].difference_update(handles)

    def delete(self, tickets: Sequence[Ticket]) -> None:
        """They are done. Raises AwayError; they are held until it works."""
        for url, handles in _by_queue(tickets).items():
            self._queues[url].delete(handles)
        self.forget(tickets)

    def give_back(self, tickets: Sequence[Ticket]) -> None:
        """Let others have them at once; where SQS is away, a little later."""
        self.forget(tickets)
        for url, handles in _by_queue(tickets).items():
            try:
                self._queues[url].change_visibility(handles, 0)
            except AwayError as error:
                self._metrics.aws_failed("give_back")
                _log.warning("jobs are given back by their timeout only: %s", error, extra={"jobs": len(handles)})

    def beat(self) -> bool:
        """Keep all for another while. Whether SQS heard of it."""
        with self._lock:
            held = {url: list(handles) for url, handles in self._handles.items() if handles}
        heard = True
        for url, handles in held.items():
            try:
                refused = self._queues[url].change_visibility(handles, self._visibility_s)
            except AwayError as error:
                heard = False
                self._metrics.aws_failed("heartbeat")
                _log.warning("no heartbeat: %s", error, extra={"jobs": len(handles)})
            else:
                if refused:  # done meanwhile, or another's by now; then it is said twice, which harms nobody
                    _log.info("jobs are not ours any longer", extra={"jobs": refused})
        return heard

    def run(self, stop: threading.Event) -> None:
        """Beat until it is time to stop. For a thread of its own."""
        wait_s = self._visibility_s / _BEATS
        while not stop.wait(wait_s):
            wait_s = self._visibility_s / _BEATS if self.beat() else min(_RETRY_S, self._visibility_s / _BEATS)


def _by_queue(tickets: Sequence[Ticket]) -> dict[str, list[str]]:
    handles: dict[str, list[str]] = defaultdict(list)
    for ticket in tickets:
        if ticket.receipt is not None:
            handles[ticket.receipt.queue_url].append(ticket.receipt.handle)
    return handles
