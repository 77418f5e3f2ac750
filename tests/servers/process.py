"""A server that others wrote, as a process which a test can end, freeze and start again."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Self

_STOP_TIMEOUT_S = 60
_POLL_S = 0.005
# Systems take the ports of outgoing connections from 32768 upwards. Below, nobody takes a stopped server's port.
_PORTS = range(12_000, 32_000)
# Tests that run beside these have others: a port is free until the server that it is for has started.
_OWN_PORTS = _PORTS[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 16 :: 16]
_given: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that nobody was given before."""
    for port in random.sample(_OWN_PORTS, k=len(_OWN_PORTS)):
        if port in _given:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port
    raise RuntimeError(f"no free port among {len(_OWN_PORTS)} of {_PORTS}")


class ServerProcess(ABC):
    """Listens on ``port`` of 127.0.0.1, the same one after each start, and works in ``folder``.

    Entered as a context, it runs. It ends with the thread that started it, however that ends, so start it in the
    thread which runs the tests.
    """

    start_timeout_s = 30.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._log_path = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def _command(self) -> list[str]:
        """What to run."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether it answers as it should."""

    def _environment(self) -> Mapping[str, str] | None:
        """What it finds in its environment; None for ours."""
        return None

    @property
    def log(self) -> str:
        """Everything that it wrote so far, in all runs."""
        return self._log_path.read_text("utf-8", errors="replace")

    def start(self) -> None:
        """Return when it answers."""
        assert self._process is None, "it runs already"
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*_ending_with_this_thread(), *self._command()],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests: they end it
            )
        try:
            self._await_ready(self._process)
        except BaseException:
            self.stop()
            raise

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        give_up_at = time.monotonic() + self.start_timeout_s
        while not self._is_ready():
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(_POLL_S)
                raise RuntimeError(f"{self._command()} ended with {code} and logged:\n{self.log}")
            if time.monotonic() > give_up_at:
                raise RuntimeError(
                    f"{self._command()} is not ready in {self.start_timeout_s} s and logged:\n{self.log}"
                )

    def stop(self) -> None:
        """End it as a power cut does, also while it is paused. Its connections are closed."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def terminate(self) -> int:
        """Ask it to end, as an init system does, and wait for that; its status."""
        process, self._process = self._running(), None
        process.terminate()
        return process.wait(_STOP_TIMEOUT_S)

    def pause(self) -> None:
        """Let it answer nothing from now on. The system still accepts connections for it, as it does for a hung one."""
        process = self._running()
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let it go on, with what it was asked in the meantime."""
        self._running().send_signal(signal.SIGCONT)

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it does not run"
        return self._process

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _ending_with_this_thread() -> list[str]:
    """What Linux needs for a server to end even where the tests are killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
