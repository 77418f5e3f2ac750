"""Lambda on one machine: handlers in worker threads, so many at once, for as long as API Gateway waits."""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread

from danmu_tts.background import Background
from infra.local.http_events import encode_json
from infra.local.lambda_context import LocalLambdaContext

LambdaHandler = Callable[[dict[str, Any], Any], object]
"""A synchronous Lambda handler: (event, context) to a JSON-able result."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What an invocation comes to when the handler raises, or returns what is not JSON.

    Attributes:
        error: What it raised.
    """

    error: BaseException


class Invocations:
    """Invokes handlers, each in a thread, and no more at once than there are slots."""

    def __init__(
        self,
        *,
        concurrency: int,
        timeout_s: float,
        monotonic_s: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """Take the number of slots, how long a handler may take, the clock that it reads, and what ids are made of."""
        self._slots = asyncio.Semaphore(concurrency)
        self._timeout_s = timeout_s
        self._monotonic_s = monotonic_s
        self._random_bytes = random_bytes
        self._background = Background()
        # Who may run is decided by the slots; a thread is there for each that has one.
        self._threads = anyio.CapacityLimiter(math.inf)

    async def take_slot(self) -> None:
        """Wait for a slot, first come, first served. ``start`` uses it up."""
        await self._slots.acquire()

    def start(self, handler: LambdaHandler, event: dict[str, Any]) -> asyncio.Task[object]:
        """Run the handler in the slot that was taken.

        A thread cannot be stopped. One that overruns is left to end by itself and holds its slot until then.

        Returns:
            A task that ends with the handler, with its result or a ``Failure``.
        """
        request_id = str(uuid.UUID(bytes=self._random_bytes(16), version=4))
        deadline_s = self._monotonic_s() + self._timeout_s
        context = LocalLambdaContext(request_id, deadline_monotonic_s=deadline_s, monotonic_s=self._monotonic_s)
        run = anyio.to_thread.run_sync(_call, handler, event, context, limiter=self._threads)
        task: asyncio.Task[object] = self._background.start(run)
        task.add_done_callback(lambda _: self._slots.release())
        return task

    async def invoke(self, handler: LambdaHandler, event: dict[str, Any]) -> object:
        """Run the handler and return its result or a ``Failure``. Waiting for a slot counts as time taken.

        Raises:
            TimeoutError: It took longer than API Gateway waits.
        """
        async with asyncio.timeout(self._timeout_s):
            await self.take_slot()
            # A task of its own, because it must go on when we do not wait any more.
            return await asyncio.shield(self.start(handler, event))


def _call(handler: LambdaHandler, event: dict[str, Any], context: LocalLambdaContext) -> object:
    try:
        result = handler(event, context)
        if result is not None:
            encode_json(result)  # What Lambda could not send is a failure there.
    except (Exception, SystemExit, asyncio.CancelledError) as exc:  # noqa: BLE001 - the caller logs it
        # A process boundary: nothing that a handler does may end the gateway.
        return Failure(exc)
    return result
