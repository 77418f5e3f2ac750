"""The real program in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class LocalServer:
    """A running server and how much processor time it has used."""

    base_url: str
    process: subprocess.Popen[str]

    def cpu_s(self) -> float:
        """User and system seconds so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system


@contextmanager
def local_server(cache: Path | None = None, **settings: str) -> Iterator[LocalServer]:
    """Serve on a free port with a cache of its own, until the block ends."""
    with tempfile.TemporaryDirectory() as scratch:
        environment = os.environ | {
            "DANMU_TTS_BUDGET__FILE": str(Path(scratch) / "spend.sqlite3"),
            "DANMU_TTS_CACHE__DIRECTORY": str(cache or scratch),
            "DANMU_TTS_LOGGING__LEVEL": "ERROR",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local", "serve", "--port", "0"],
            env=environment | settings,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        ready = process.stdout.readline()
        try:
            yield LocalServer(ready.split("ready at ")[1].split()[0], process)
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()
