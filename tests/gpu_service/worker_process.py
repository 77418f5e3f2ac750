"""The real command in a process of its own, with an engine that needs no GPU. For tests that end processes.

It says ``began N`` before each batch of N rows. A line that contains ``等`` takes until a file named ``go-on`` is
there, and one that contains ``崩`` ends the process as the system does where a GPU's driver fails.
"""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gpu_service import __main__, commands
from gpu_service.ports import Line
from gpu_service.settings import Settings
from tests.fakes.xtts_engine import FakeXttsEngine

GO_ON = Path("go-on")


def take(lines: Sequence[Line]) -> None:
    text = "".join(part for line in lines for part in line.parts)
    print(f"began {len(lines)}", flush=True)
    if "崩" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    while "等" in text and not GO_ON.exists():
        time.sleep(0.005)


def load(settings: Settings) -> FakeXttsEngine:
    return FakeXttsEngine(take)


if __name__ == "__main__":
    commands._load_engine = load
    code = __main__.main()
    sys.stdout.flush()
    os._exit(code)
