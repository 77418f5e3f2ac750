"""From the command to the first audio."""

import time

import httpx

from benchmarks.local_server import local_server


def run(_: list[str]) -> None:
    """Print when it answers, when it first speaks in each language, and how fast it is from then on."""
    started = time.perf_counter()
    with local_server() as server, httpx.Client(base_url=server.base_url, timeout=60) as client:
        print(f"answers after {time.perf_counter() - started:.2f} s")
        for text in ("Hello, chat!", "你好，主播！", "Hello again, chat!", "主播，你好！"):
            asked = time.perf_counter()
            body = {"model": "auto", "voice": "alloy", "input": text}
            client.post("/v1/audio/speech", json=body).raise_for_status()
            now = time.perf_counter()
            print(f"{text}: spoken in {now - asked:.2f} s, {now - started:.2f} s after the command")
