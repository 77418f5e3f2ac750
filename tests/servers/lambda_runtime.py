"""AWS Lambda's own runtime around a built function: the emulator that SAM brings, and the client that AWS installs."""

import json
import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.servers.artifacts import MACHINE, ROOT, give_up, lambdas_python
from tests.servers.process import ServerProcess, free_port

_TIMEOUT_S = 60


def runtime_interface_emulator() -> Path:
    """The program, of SAM's own environment."""
    found = ROOT.glob(f".venv-sam/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{MACHINE}")
    path = next(found, None)
    if path is None:
        give_up("Lambda's runtime is not installed; to install it: make sam")
    return path


class LambdaRuntime(ServerProcess):
    """One process of a function. It starts with the first event and serves one at a time, as in Lambda."""

    def __init__(self, folder: Path, task: Path, handler: str, environment: Mapping[str, str]) -> None:
        super().__init__(folder)
        self.url = f"http://127.0.0.1:{self.port}"
        self._command_line = [
            *("env", "-C", str(task), str(runtime_interface_emulator())),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"),
            *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
            *(str(lambdas_python()), "-m", "awslambdaric", handler),
        ]
        self._given = dict(environment)
        self._client = httpx.Client(timeout=_TIMEOUT_S, trust_env=False)

    def invoke(self, event: Any) -> Any:
        """What the function answers; where it raises, Lambda's word for that: ``errorType``, ``errorMessage``."""
        url = f"{self.url}/2015-03-31/functions/function/invocations"
        return json.loads(self._client.post(url, content=json.dumps(event)).content)

    @property
    def runtime(self) -> psutil.Process:
        """The function's process, once it had an event."""
        (process,) = psutil.Process(self._running().pid).children()
        return process

    def stop(self) -> None:
        """The function's process ends with the emulator, but not by itself."""
        self._client.close()
        if self._process is not None:
            left = psutil.Process(self._process.pid).children(recursive=True)
            super().stop()
            for process in left:
                _kill(process.pid)

    def _command(self) -> list[str]:
        return self._command_line

    def _environment(self) -> Mapping[str, str]:
        return self._given

    def _is_ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
