"""What askers notice while the worker dies, the queues are unreachable and the bucket fails: the count of every end.

The program, a GPU service on the CPU with a tiny checkpoint, and moto, each in a process of its own.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.faulty_proxy import FaultyProxy
from benchmarks.local_server import local_server
from tests.servers.gpu_worker import GpuWorker, build_checkpoint
from tests.servers.s3_server import ENVIRONMENT, S3Server

_JOBS, _A_SECOND = 60, 2.0
_DEADLINE_S = 20.0
_LATE_S = 5.0
_LOOK_EVERY_S = 0.5
_VOICE = "xtts:ana-florence"


@dataclass(frozen=True)
class _Stage:
    """What a scenario may do to."""

    base_url: str
    worker: GpuWorker
    proxy: FaultyProxy


def run(_: Sequence[str]) -> None:
    """Each scenario with jobs at an even pace, the fault in their midst."""
    with _stage() as stage:
        for name, fault in _FAULTS.items():
            _tell(name, _ends(stage, fault))


def _killed(stage: _Stage) -> None:
    stage.worker.stop()
    time.sleep(3)
    stage.worker.start()


def _terminated(stage: _Stage) -> None:
    assert stage.worker.terminate() == 0
    stage.worker.start()


def _queues_away(stage: _Stage) -> None:
    stage.proxy.queues_are_away = True
    time.sleep(30)
    stage.proxy.queues_are_away = False


def _bucket_fails(stage: _Stage) -> None:
    stage.proxy.s3_fails = 0.3
    time.sleep(_JOBS / _A_SECOND)
    stage.proxy.s3_fails = 0.0


_FAULTS: dict[str, Callable[[_Stage], None]] = {
    "nothing": lambda stage: None,
    "worker killed (-9)": _killed,
    "worker told to end (SIGTERM)": _terminated,
    "queues unreachable for 30 s": _queues_away,
    "S3 fails 30 % of requests": _bucket_fails,
}


@contextmanager
def _stage() -> Iterator[_Stage]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        checkpoint = build_checkpoint(folder / "checkpoint")
        with S3Server(folder) as aws, FaultyProxy(aws.url, seed=8).running() as proxy:
            settings = ENVIRONMENT | {
                "AWS_ENDPOINT_URL": proxy.url,
                "DANMU_TTS_XTTS__ENABLED": "true",
                "DANMU_TTS_XTTS__BUCKET": "danmu-tts",
            }
            _make_queues(aws.url)
            (folder / "worker").mkdir()
            with (
                local_server(folder / "cache", **settings) as server,
                GpuWorker(folder / "worker", checkpoint, proxy.url) as worker,
            ):
                yield _Stage(server.base_url, worker, proxy)


def _make_queues(url: str) -> None:
    """As ``danmu-tts serve`` makes them where it has an SQS of its own."""
    import os

    os.environ.update(ENVIRONMENT | {"AWS_ENDPOINT_URL": url})
    from danmu_tts.bootstrap.queues import make_queues
    from danmu_tts.settings import Settings

    make_queues(Settings(), "danmu-tts")


def _ends(stage: _Stage, fault: Callable[[_Stage], None]) -> list[dict[str, Any]]:
    """Every job's last state, as its asker sees it, and what he waited at most."""
    with ThreadPoolExecutor(_JOBS + 1) as askers, httpx.Client(base_url=stage.base_url, timeout=60) as client:

        def ask_all() -> list[Future[dict[str, Any]]]:
            asked = []
            for number in range(_JOBS):
                asked.append(askers.submit(_ask, client, f"Line {time.time_ns() % 10**6} {number}"))
                time.sleep(1 / _A_SECOND)
            return asked

        asking = askers.submit(ask_all)
        time.sleep(_JOBS / _A_SECOND / 3)
        fault(stage)  # in this thread: a server ends with the one that started it
        return [each.result() for each in asking.result()]


def _ask(client: httpx.Client, text: str) -> dict[str, Any]:
    began_s = time.monotonic()
    asked = {"text": text, "voice": _VOICE, "deadline_ms": round(_DEADLINE_S * 1000)}
    state: dict[str, Any] = client.post("/v1/speech", json=asked).json()
    while state.get("status") == "queued" and time.monotonic() - began_s < _DEADLINE_S + _LATE_S:
        time.sleep(_LOOK_EVERY_S)
        state = client.get(f"/v1/speech/{state['id']}").json()
    return state | {"took_s": time.monotonic() - began_s}


def _tell(name: str, ends: list[dict[str, Any]]) -> None:
    took_s = [end["took_s"] for end in ends]
    lost = sum(end.get("status") != "done" for end in ends)
    late = sum(each > _DEADLINE_S for each in took_s)
    print(f"{name}: {len(ends)} jobs; {dict(Counter(map(_voice, ends)))}; lost {lost}, after their deadline {late}")
    print(f"  longest {max(took_s):.1f} s, half of them at most {median(took_s):.1f} s", flush=True)


def _voice(end: dict[str, Any]) -> str:
    """Who spoke, and why not who should have."""
    if end.get("status") != "done":
        error = end.get("error") or {}
        return f"nobody ({error.get('code', end.get('status'))}: {error.get('message')})"
    reason = end["fallback_reason"]
    return f"{end['backend']} ({reason})" if reason else str(end["backend"])


if __name__ == "__main__":
    run(())
