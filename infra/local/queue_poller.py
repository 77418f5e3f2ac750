"""What Lambda does for a function that reads a queue: poll, call the handler, delete what it did not report."""

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from danmu_tts.bootstrap.queues import Receiver
from danmu_tts.observability import describe_error, get_logger
from infra.local.invocations import LambdaHandler
from infra.local.lambda_context import LocalLambdaContext

logger = get_logger("gateway")

_BATCH = 10
_TIMEOUT_S = 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0


class QueuePoller:
    """One queue and its handler, in threads of their own until the process ends."""

    def __init__(
        self, name: str, receiver: Receiver, handler: LambdaHandler, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._name = name
        self._receiver = receiver
        self._handler = handler
        self._sleep = sleep

    def start(self, concurrency: int = 2) -> None:
        """So many polls are under way at once: one that waits for a slow batch does not hold up the next."""
        for number in range(concurrency):
            threading.Thread(target=self.run, name=f"{self._name}-{number}", daemon=True).start()

    def poll(self) -> int:
        """One poll; how many messages it brought. Raises what the queue raises."""
        records = self._receiver.receive(_BATCH)
        if not records:
            return 0
        failed = self._invoke(records)
        self._receiver.delete([each for each in records if each["messageId"] not in failed])
        return len(records)

    def run(self) -> None:
        """Poll for ever; a queue that is away is asked again, less and less often."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                self.poll()
                pause_s = _FIRST_PAUSE_S
            except Exception as error:  # noqa: BLE001 - the queue is away; whatever it is, the next poll must follow
                logger.warning("a queue cannot be read", extra={"queue": self._name} | describe_error(error))
                self._sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _invoke(self, records: list[dict[str, Any]]) -> set[str]:
        """The ids of those that are to come again."""
        context = LocalLambdaContext(str(uuid.uuid4()), time.monotonic() + _TIMEOUT_S, time.monotonic)
        try:
            answer: Any = self._handler({"Records": records}, context)
            return {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        except Exception:
            logger.exception("a handler failed, and all of its batch comes again")
            return {each["messageId"] for each in records}
