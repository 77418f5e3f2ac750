"""Twenty processes get together what one limit grants, and no more."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import danmu_tts
from tests.servers.redis_server import RedisServer

ROOT = Path(__file__).parents[3]
PROCESSES, PER_MINUTE, SECONDS = 20, 6000, 3
LIMIT_S = 60


def test_twenty_processes_get_exactly_the_burst_and_what_flows_in(plain_redis: RedisServer) -> None:
    path = os.pathsep.join([str(ROOT), str(Path(danmu_tts.__file__).parents[1])])
    own = [str(PROCESSES), str(PER_MINUTE), str(SECONDS), plain_redis.url]
    command = [sys.executable, "-m", "tests.integration.shared.hammers", *own]
    with (
        plain_redis.admin() as admin,
        subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, start_new_session=True) as process,
    ):
        try:
            for _ in range(PROCESSES):
                assert admin.blpop(["ready"], timeout=LIMIT_S)
            admin.xadd("start", {"now": 1})
            assert process.wait(LIMIT_S) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        counted: Any = admin.lrange("accepted", 0, -1)
        moments: Any = admin.zrange("moments", 0, -1, withscores=True)
    accepted, elapsed_s = sum(map(int, counted)), moments[-1][1] - moments[0][1]
    granted = PER_MINUTE + PER_MINUTE / 60 * elapsed_s
    print(f"{accepted} accepted of {granted:.0f} granted in {elapsed_s:.2f} s")
    assert len(counted) == PROCESSES
    assert abs(accepted - granted) <= granted / 100
