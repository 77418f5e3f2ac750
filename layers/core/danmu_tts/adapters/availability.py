"""Whether a store that is reached over the network can be used now, and the one task that finds out when it is back."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from danmu_tts import foreign
from danmu_tts.observability import get_logger

logger = get_logger("availability")


class Availability:
    """Up until a call fails; then away until a probe succeeds. Belongs to one event loop; nothing here is for threads.

    Who uses the store asks ``is_up`` before each call and says ``failed`` when a call shows that the store is away.
    Nothing is probed while it is up. A loop that stood still (a frozen Lambda) goes on where it was: a probe that was
    under way counts as failed and the next one follows within the longest pause.
    """

    def __init__(
        self,
        name: str,
        probe: Callable[[], Awaitable[object]],
        *,
        probe_limit_s: float = 1.0,
        first_pause_s: float = 0.1,
        longest_pause_s: float = 1.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Starts nothing.

        Args:
            name: what the log calls the store.
            probe: asks the store something; whatever it raises means that it is still away.
            probe_limit_s: longest wait for a probe.
            first_pause_s: before the first probe; doubled for each after it, and shortened by up to half at random,
                so that many processes do not come back at once.
            longest_pause_s: where the doubling ends.
        """
        self._name = name
        self._probe = probe
        self._probe_limit_s = probe_limit_s
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._sleep = sleep
        self._uniform = uniform
        self._up = True
        self._closed = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether a call is worth making."""
        return self._up

    def failed(self, reason: str, *, level: int = logging.WARNING) -> None:
        """Mark it away and watch for its return. Only the first of many failures does anything.

        Args:
            reason: for the log; no secrets, and nothing that a viewer wrote.
            level: ``logging.ERROR`` where waiting will not help and somebody has to act.
        """
        if not self._up:
            return
        self._up = False
        logger.log(level, "a store is away", extra={"store": self._name, "reason": reason})
        if not self._closed:
            self._watch = asyncio.get_running_loop().create_task(self._wait_for_return())

    async def close(self) -> None:
        """Stop watching. What fails from now on stays away."""
        self._closed = True
        if self._watch:
            self._watch.cancel()
            await asyncio.wait([self._watch])

    async def _wait_for_return(self) -> None:
        pause_s = min(self._first_pause_s, self._longest_pause_s)
        await self._sleep(pause_s * self._uniform(0.5, 1.0))
        while not await self._answers():
            pause_s = min(2 * pause_s, self._longest_pause_s)
            await self._sleep(pause_s * self._uniform(0.5, 1.0))
        self._up = True
        logger.info("a store is back", extra={"store": self._name})

    async def _answers(self) -> bool:
        try:
            await foreign.call(self._probe, self._probe_limit_s)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, the next probe must follow
            logger.debug("a store is still away", extra={"store": self._name, "error": type(error).__name__})
            return False
        return True
