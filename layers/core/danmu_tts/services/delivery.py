"""Telling one connection something: tried again while its gateway is busy, given up when it is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module

from danmu_tts.background import Background
from danmu_tts.domain.connections import Connection, ListenerBusyError, ListenerGoneError
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import get_logger
from danmu_tts.ports import Connections, Pusher
from speech_contract.frames import AnyServerFrame

logger = get_logger("connections")

# Who has not read what waits for it for so long is not listening.
_PATIENCE_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


class Delivery:
    """Sends frames. One connection never waits for another: each frame is sent by whoever has it."""

    def __init__(
        self,
        connections: Connections,
        pusher: Pusher,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """``clock`` counts seconds from any start."""
        self._connections = connections
        self._pusher = pusher
        self._clock = clock
        self._sleep = sleep
        self._forgetting = Background()

    async def prepare(self) -> None:
        """Load now what the first message would otherwise have to wait for."""
        await asyncio.to_thread(import_module, "tenacity")
        await self._pusher.prepare()

    async def send(self, to: Connection, frame: AnyServerFrame) -> None:
        """Send one frame. Raises ListenerGoneError, also for a listener that does not keep up; it is hung up on."""
        from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

        message = frame.encode()
        gives_up_s = self._clock() + _PATIENCE_S

        def is_patient_no_more(_: RetryCallState) -> bool:
            return self._clock() >= gives_up_s

        attempts = AsyncRetrying(
            sleep=self._sleep,
            stop=is_patient_no_more,
            wait=wait_random_exponential(_FIRST_PAUSE_S, _LONGEST_PAUSE_S),
            retry=retry_if_exception_type(ListenerBusyError),
            reraise=True,
        )
        try:
            await attempts(self._pusher.push, to, message)
        except ListenerGoneError:
            self._forgetting.start(self.forget(to))
            raise
        except ListenerBusyError as error:
            logger.warning("hung up on a listener that does not keep up", extra={"reason": str(error)})
            self._forgetting.start(self._hang_up(to))
            raise ListenerGoneError(to.id) from error

    async def offer(self, to: Connection, frame: AnyServerFrame) -> None:
        """Send one frame if it can be taken now; else it is lost. Raises ListenerGoneError."""
        try:
            await self._pusher.push(to, frame.encode())
        except ListenerBusyError:
            logger.info("a listener was too busy to be told")
        except ListenerGoneError:
            self._forgetting.start(self.forget(to))
            raise

    async def forget(self, connection: Connection) -> None:
        """Remove its record; one that cannot be removed now goes with its time."""
        with suppress(StoreAwayError):
            await self._connections.remove(connection.id)

    async def close(self) -> None:
        """Finish what is being forgotten."""
        await self._forgetting.finish()
        await self._pusher.close()

    async def _hang_up(self, on: Connection) -> None:
        await self._pusher.hang_up(on)
        await self.forget(on)
