"""A load balancer hears that the process lives, also while every slot is taken."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from infra.local.gateway import GatewayLimits, create_gateway

SLOTS = 3


class NoAudioFiles:
    def open_signed(self, key: str, *, expires: str, signature: str) -> None:
        return None


class Busy:
    """A handler that ends when it is let go, but for what is asked of its health."""

    def __init__(self) -> None:
        self.started = threading.Semaphore(0)
        self.let_go = threading.Event()
        self.handled: list[str] = []

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        self.handled.append(event["rawPath"])
        if event["rawPath"] != "/health":
            self.started.release()
            self.let_go.wait(timeout=60)
        return {"statusCode": 200, "body": event["rawPath"]}


@pytest.fixture
def busy() -> Iterator[Busy]:
    handler = Busy()
    yield handler
    handler.let_go.set()


@pytest.fixture
def url(serve: Callable[[ASGIApp], str], busy: Busy) -> str:
    return serve(
        create_gateway(busy, audio_files=NoAudioFiles(), limits=GatewayLimits(timeout_s=20), max_concurrency=SLOTS)
    )


def test_the_health_is_told_while_every_slot_is_taken(url: str, busy: Busy) -> None:
    with ThreadPoolExecutor(SLOTS + 1) as clients:
        try:
            calls = [clients.submit(httpx.get, f"{url}/speak/{number}", timeout=60) for number in range(SLOTS + 1)]
            for _ in range(SLOTS):
                assert busy.started.acquire(timeout=20)
            for path in ("/health", "/health?verbose=1", "/health"):
                assert httpx.get(f"{url}{path}", timeout=10).text == "/health"
            assert busy.handled.count("/health") == 3
            assert len(busy.handled) == SLOTS + 3
        finally:
            busy.let_go.set()
        assert {call.result().status_code for call in calls} == {200}


def test_other_paths_have_no_slots_of_their_own(url: str, busy: Busy) -> None:
    with ThreadPoolExecutor(SLOTS + 1) as clients:
        try:
            calls = [clients.submit(httpx.get, f"{url}/speak", timeout=60) for _ in range(SLOTS)]
            for _ in range(SLOTS):
                assert busy.started.acquire(timeout=20)
            calls.append(clients.submit(httpx.get, f"{url}/health/detailed", timeout=60))
            assert httpx.get(f"{url}/health", timeout=10).status_code == 200
            assert "/health/detailed" not in busy.handled
        finally:
            busy.let_go.set()
        assert {call.result().status_code for call in calls} == {200}
