import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.deploy.sam import ROOT

pytestmark = pytest.mark.aws

CALLER = "from infra.deploy import sam; sam.run(['local'])"
# Ends in its own time, as SAM does while it removes a container.
SLOW_TO_END = """#!/bin/sh
trap 'sleep 0.5; echo has ended; exit 0' INT
echo runs
while true; do sleep 0.01; done
"""


def test_ctrl_c_leaves_sam_the_time_to_end(tmp_path: Path) -> None:
    sam = tmp_path / "sam"
    sam.write_text(SLOW_TO_END)
    sam.chmod(0o700)
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert caller.stdout is not None
    assert caller.stdout.readline() == "runs\n"
    os.killpg(caller.pid, signal.SIGINT)
    said, wrong = caller.communicate(timeout=30)
    assert said == "has ended\n"
    assert "KeyboardInterrupt" in wrong
