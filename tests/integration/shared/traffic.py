"""Requests at a steady pace through the Lambda entry point, each from somebody who does not wait for the others."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from danmu_tts import process_loop
from danmu_tts.bootstrap import build
from danmu_tts.settings import Settings
from functions.rest_api.app import create_app
from functions.rest_api.lambda_adapter import LambdaAdapter
from tests.builders.fake_backend import FakeBackend
from tests.builders.http_event import local_event

A_SECOND = 50
_SIDE_BY_SIDE = 100
_OLD_LINES = ("晚上好", "主播加油", "hello", "哈哈哈", "666")


@dataclass(frozen=True)
class Answer:
    """One answer and how long it took."""

    asked_s: float
    took_s: float
    status: int
    body: dict[str, Any]

    @property
    def is_inline(self) -> bool:
        return str(self.body["audio"]["url"]).startswith("data:")


class Platform:
    """The REST function with a container of its own, as in one execution environment of Lambda."""

    def __init__(self, settings: Settings) -> None:
        self._container = build(settings, backends={"fake": FakeBackend()})
        self._handler = LambdaAdapter(create_app(self._container))

    def ask(self, text: str) -> Answer:
        event = local_event("POST", "/v1/speech", {"text": text})
        asked_s = time.monotonic()
        answer = self._handler(event, None)
        return Answer(asked_s, time.monotonic() - asked_s, answer["statusCode"], json.loads(answer["body"]))

    def close(self) -> None:
        process_loop.run(self._container.close())


@contextmanager
def platform(settings: Settings) -> Iterator[Platform]:
    """One that is closed afterwards."""
    opened = Platform(settings)
    try:
        yield opened
    finally:
        opened.close()


class Traffic:
    """What was answered so far, to lines of which every second is new."""

    def __init__(self, platform: Platform) -> None:
        self.answers: list[Answer] = []
        self._platform = platform
        self._came = threading.Condition()

    def slowest_s(self, since_s: float, until_s: float = float("inf")) -> float:
        return max(each.took_s for each in self.between(since_s, until_s))

    def between(self, since_s: float, until_s: float) -> list[Answer]:
        """By when they were asked for."""
        return [each for each in list(self.answers) if since_s <= each.asked_s < until_s]

    def after(self, seconds: float) -> float:
        """The time when requests have been coming in for so many seconds more."""
        ends_s = time.monotonic() + seconds
        with self._came:
            assert self._came.wait_for(lambda: self.answers and self.answers[-1].asked_s > ends_s, seconds + 30)
        return time.monotonic()

    def ask(self, number: int) -> None:
        text = _OLD_LINES[number // 2 % len(_OLD_LINES)] if number % 2 else f"观众{number}说你好"
        answer = self._platform.ask(text)
        with self._came:
            self.answers.append(answer)
            self._came.notify_all()


@contextmanager
def traffic(platform: Platform, a_second: int = A_SECOND) -> Iterator[Traffic]:
    """Until the block ends, and then until the last answer."""
    flow, over = Traffic(platform), threading.Event()

    def send() -> None:
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as viewers:
            started_s = time.monotonic()
            for number in count():
                if over.wait(max(0.0, started_s + number / a_second - time.monotonic())):
                    return
                viewers.submit(flow.ask, number)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield flow
    finally:
        over.set()
        sender.join()


def until(condition: Callable[[], object], limit_s: float = 30.0) -> float:
    """Look again and again; the seconds that it took."""
    started_s, tick = time.monotonic(), threading.Event()
    while not condition():
        assert time.monotonic() - started_s < limit_s
        tick.wait(0.01)
    return time.monotonic() - started_s
