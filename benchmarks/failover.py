"""What listeners notice while the vendor that should speak fails, from its first failure until it is back."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from statistics import quantiles

import httpx

from benchmarks.local_server import LocalServer, local_server
from tests.fakes.azure import FakeAzure
from tests.fakes.openai import FakeOpenAI
from tests.fakes.speech import hum
from tests.fakes.vendor import Fault

_A_SECOND = 20
_NORMAL_S, _FAILING_S, _LONGEST_HEALING_S = 10, 30, 70
_USUAL_DELAY_S = 0.15
_SILENCE_LIMIT_MS = 2000
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class _Answer:
    asked_s: float
    took_s: float
    status: int
    backend: str


def run(_: list[str]) -> None:
    """Two vendors behind the service; the first is made to fail for 30 s, in two ways."""
    for fault in (Fault.SERVER_ERROR, Fault.MUTE_FOR_EVER):
        with FakeOpenAI(hum) as primary, FakeAzure(hum) as secondary:
            for vendor in (primary, secondary):
                vendor.fault, vendor.delay_s = Fault.SLOW, _USUAL_DELAY_S
            settings = {
                "DANMU_TTS_TTS__BACKENDS": "openai,azure",
                "DANMU_TTS_OPENAI__BASE_URL": primary.base_url,
                "DANMU_TTS_OPENAI__API_KEY": "key",
                "DANMU_TTS_OPENAI__SILENCE_LIMIT_MS": str(_SILENCE_LIMIT_MS),
                "DANMU_TTS_AZURE__ENDPOINT": secondary.url,
                "DANMU_TTS_AZURE__KEY": "0" * 32,
            }
            with local_server(None, **settings) as server, _traffic(server) as answers:
                _tell(fault, primary, server, answers)


def _tell(fault: Fault, primary: FakeOpenAI, server: LocalServer, answers: list[_Answer]) -> None:
    time.sleep(_NORMAL_S)
    failing_s, before = time.monotonic(), primary.requests
    primary.fault = fault
    _until_circuit(server, "open", failing_s + _FAILING_S)
    opened_s, at_opening = time.monotonic(), primary.requests
    time.sleep(max(0.0, failing_s + _FAILING_S - time.monotonic()))
    healed_s, at_healing = time.monotonic(), primary.requests
    primary.fault = Fault.SLOW
    _until_circuit(server, "closed", healed_s + _LONGEST_HEALING_S)
    back_s = time.monotonic()
    time.sleep(_NORMAL_S)
    wrong = [each for each in answers if each.status != 200]
    print(f"{fault.value}: {len(answers)} answers at {_A_SECOND} a second, of them not speech: {len(wrong)}")
    normal_ms = _tell_phase("normal", answers, 0, failing_s, None)
    _tell_phase("failing, circuit closed", answers, failing_s, opened_s, normal_ms)
    _tell_phase("failing, circuit open", answers, opened_s, healed_s, normal_ms)
    _tell_phase("healthy again", answers, back_s, float("inf"), normal_ms)
    print(
        f"  calls of the failing vendor: {at_opening - before} in the {opened_s - failing_s:.1f} s until the circuit "
        f"opened, {at_healing - at_opening} in the {healed_s - opened_s:.0f} s after; "
        f"back {back_s - healed_s:.1f} s after it was well"
    )


def _tell_phase(name: str, answers: Sequence[_Answer], start_s: float, end_s: float, normal_ms: float | None) -> float:
    asked = [each for each in list(answers) if start_s <= each.asked_s < end_s]
    if len(asked) < 2:
        print(f"  {name:25} {len(asked)} answers")
        return 0.0
    cuts = quantiles([each.took_s * 1000 for each in asked], n=100)
    speakers = {name: sum(each.backend == name for each in asked) for name in sorted({each.backend for each in asked})}
    ratio = f" ({cuts[94] / normal_ms:.2f}x normal)" if normal_ms else ""
    print(f"  {name:25} p50 {cuts[49]:5.0f} ms, p95 {cuts[94]:5.0f} ms{ratio}, spoken by {speakers}")
    return cuts[94]


@contextmanager
def _traffic(server: LocalServer) -> Iterator[list[_Answer]]:
    """So many new lines a second until the block ends, each from a viewer who does not wait for the others."""
    answers: list[_Answer] = []
    over = threading.Event()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)

    def ask(client: httpx.Client, number: int) -> None:
        asked_s = time.monotonic()
        answer = client.post("/v1/speech", json={"text": f"观众{number}说你好"})
        backend = answer.json()["backend"] if answer.status_code == 200 else "nobody"
        answers.append(_Answer(asked_s, time.monotonic() - asked_s, answer.status_code, backend))

    def send() -> None:
        with httpx.Client(base_url=server.base_url, timeout=60, limits=limits) as client:
            ask(client, 0)
            answers.clear()  # the first one loads the SDK
            with ThreadPoolExecutor(200) as viewers:
                started_s = time.monotonic()
                for number in count(1):
                    if over.wait(max(0.0, started_s + number / _A_SECOND - time.monotonic())):
                        return
                    viewers.submit(ask, client, number)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield answers
    finally:
        over.set()
        sender.join()


def _until_circuit(server: LocalServer, state: str, limit_s: float) -> None:
    while time.monotonic() < limit_s:
        backends = httpx.get(f"{server.base_url}/v1/backends").json()["backends"]
        if next(each["circuit"] for each in backends if each["name"] == "openai") == state:
            return
        time.sleep(_LOOK_EVERY_S)
