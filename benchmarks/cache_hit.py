"""The same line twice, and again after a restart."""

import tempfile
import time
from pathlib import Path
from statistics import median

import httpx

from benchmarks.local_server import local_server

_LINES = ("Hello chat, nice to see you all here tonight", "主播唱得真好听，再来一首吧")
_HITS = 20


def run(_: list[str]) -> None:
    """Print the miss, the hits and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        with local_server(Path(folder)) as server, httpx.Client(base_url=server.base_url, timeout=60) as client:
            for warm_up in ("warm up", "预热"):
                _speak(client, warm_up)
            for line in _LINES:
                miss, how = _speak(client, line)
                hits = [_speak(client, line) for _ in range(_HITS)]
                hit = median(seconds for seconds, _ in hits)
                speedup = f"{miss / hit:.0f} times faster"
                print(f"{how} {miss * 1000:6.1f} ms, then {hits[0][1]} {hit * 1000:5.1f} ms: {speedup}")
        with local_server(Path(folder)) as server, httpx.Client(base_url=server.base_url, timeout=60) as client:
            _speak(client, "warm up")
            for line in _LINES:
                seconds, how = _speak(client, line)
                print(f"after a restart: {how} {seconds * 1000:.1f} ms")


def _speak(client: httpx.Client, text: str) -> tuple[float, str]:
    started = time.perf_counter()
    answer = client.post("/v1/audio/speech", json={"model": "auto", "voice": "alloy", "input": text})
    answer.raise_for_status()
    return time.perf_counter() - started, answer.headers["x-cache"]
