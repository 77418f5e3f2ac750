"""Notices a GPU that hangs: nothing can interrupt a call into it but the end of the process."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from gpu_service.clock import Clock

STUCK_STATUS = 70
"""EX_SOFTWARE of sysexits.h."""

Health = Literal["loading", "ready", "slow", "broken"]

_log = logging.getLogger(__name__)


class Watch:
    """Knows how long no inference has ended while one is running. Thread-safe.

    Half of ``stuck_after_s`` is ``slow``, which the health check reports; all of it ends the process, so that
    whoever runs it starts another. Its jobs become visible again by themselves.
    """

    def __init__(self, clock: Clock, stuck_after_s: float, end: Callable[[int], object] = os._exit) -> None:
        self._clock = clock
        self._stuck_after_s = stuck_after_s
        self._end = end
        self._lock = threading.Lock()
        self._running = 0
        self._progress_at_s = 0.0
        self._is_loaded = False
        self._is_broken = False

    @contextmanager
    def inference(self) -> Iterator[None]:
        """Around each call that computes. Several may wait for the same GPU: any that ends is progress for all."""
        with self._lock:
            if self._running == 0:
                self._progress_at_s = self._clock.elapsed_s()
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                self._progress_at_s = self._clock.elapsed_s()

    def loaded(self) -> None:
        """The model is warm."""
        self._is_loaded = True

    def broken(self) -> None:
        """The engine fails whatever it is asked."""
        self._is_broken = True

    @property
    def stuck_for_s(self) -> float:
        """How long nothing has come of what is running."""
        with self._lock:
            return self._clock.elapsed_s() - self._progress_at_s if self._running else 0.0

    @property
    def health(self) -> Health:
        """All but ``ready`` should get no more work."""
        if self._is_broken:
            return "broken"
        if self.stuck_for_s > self._stuck_after_s / 2:
            return "slow"
        return "ready" if self._is_loaded else "loading"

    def check(self) -> None:
        """End the process where it is stuck."""
        stuck_for_s = self.stuck_for_s
        if stuck_for_s > self._stuck_after_s:
            _log.critical("an inference hangs", extra={"seconds": round(stuck_for_s)})
            self._end(STUCK_STATUS)

    def run(self, stop: threading.Event) -> None:
        """Check now and then, until it is time to stop. For a thread of its own."""
        while not stop.wait(min(1.0, self._stuck_after_s / 10)):
            self.check()
