"""Jobs from the queues, results to theirs.

Who owns what, a thread each:

- two receivers, one a queue, own the polling; what they bring belongs to ``Waiting`` until it is taken;
- the speaking loop alone takes batches and asks the engine; it hands what it made to the uploads;
- the uploads (a few threads) put audio into the bucket and hand results to the sender;
- the sender alone sends results, and deletes a job once SQS has taken its result: never before;
- the heartbeat keeps every message that ``Held`` knows from other workers, from its receipt until it is deleted or
  given back;
- the watch ends the process where an inference hangs;
- the main thread waits for the signal to stop.

All are daemons: the process ends when the main thread says so.
"""

import logging
import threading
from collections.abc import Sequence
from functools import partial

from gpu_service.held import Held
from gpu_service.production import Production, start_thread
from gpu_service.receiver import Receiver
from gpu_service.watch import STUCK_STATUS, Watch

_log = logging.getLogger(__name__)


class Consumer:
    """Runs until it is told to stop, or cannot go on."""

    def __init__(self, production: Production, receivers: Sequence[Receiver], held: Held, watch: Watch) -> None:
        self._production = production
        self._receivers = receivers
        self._held = held
        self._watch = watch
        self._crashed = threading.Event()

    def run(self, stop: threading.Event, grace_s: float) -> int:
        """Work until ``stop``; then finish the batch, and give back the rest at once. The process's exit status."""

        def crashed() -> None:
            self._crashed.set()
            stop.set()

        over = threading.Event()
        start_thread("heartbeat", lambda: self._held.run(over), crashed)
        start_thread("watch", lambda: self._watch.run(over), crashed)
        self._production.start(crashed)
        polls = [start_thread("receive", partial(receiver.run, stop), crashed) for receiver in self._receivers]
        stop.wait()
        rest = self._production.waiting.close()
        _log.info("stopping", extra={"given_back": len(rest)})
        self._held.give_back(rest)
        done = self._production.join(grace_s)
        for poll in polls:  # what their last poll brings has to be given back
            poll.join(grace_s if done else 0)
        over.set()
        _log.info("stopped", extra={"all_done": done})
        return STUCK_STATUS if self._crashed.is_set() else 0
