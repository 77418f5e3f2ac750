import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from danmu_tts.adapters.backends import onnx_sessions
from danmu_tts.adapters.backends.onnx_sessions import OnnxSessions
from danmu_tts.engine_slots import EngineSlots


class RecordedSession:
    """Answers with the number of threads that it was made for."""

    def __init__(self, model: bytes | str, threads: int) -> None:
        self.model = model
        self.threads = threads

    def run(self, outputs: object, inputs: object, options: object) -> list[int]:
        self.options = options
        return [self.threads]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[RecordedSession]]:
    """The sessions that were made, in order; the tests wait for the background thread that makes the second."""
    sessions: list[RecordedSession] = []

    def make(model: bytes | str, threads: int) -> RecordedSession:
        sessions.append(RecordedSession(model, threads))
        return sessions[-1]

    monkeypatch.setattr(onnx_sessions, "_session", make)
    yield sessions
    wait_for_background()


def wait_for_background() -> None:
    for thread in threading.enumerate():
        if thread.name == "onnx-session":
            thread.join()


def threads_used(sessions: OnnxSessions, tokens: int = 40) -> Any:
    return sessions.run(None, {"input": np.zeros((1, tokens), np.int64)})[0]


async def test_an_utterance_alone_uses_all_cores(made: list[RecordedSession]) -> None:
    slots = EngineSlots(2)
    sessions = OnnxSessions(lambda: ["model"], {"input": 200}, slots, threads=0)
    async with slots.slot(0):
        assert threads_used(sessions) == 2
    assert [session.threads for session in made] == [2]


async def test_utterances_together_use_one_core_each_once_the_second_session_is_there(
    made: list[RecordedSession],
) -> None:
    slots = EngineSlots(2)
    sessions = OnnxSessions(lambda: ["model"], {"input": 200}, slots, threads=0)
    async with slots.slot(0), slots.slot(0):
        assert threads_used(sessions) in (1, 2)  # nobody waits for the second session
        wait_for_background()
        assert threads_used(sessions) == 1
    async with slots.slot(0):
        assert threads_used(sessions) == 2
    assert [session.threads for session in made] == [2, 1]


async def test_a_stated_number_of_threads_is_used_always(made: list[RecordedSession]) -> None:
    slots = EngineSlots(2)
    sessions = OnnxSessions(lambda: ["model"], {"input": 200}, slots, threads=3)
    async with slots.slot(0), slots.slot(0):
        assert threads_used(sessions) == 3
    assert len(made) == 1


async def test_no_more_threads_than_help(made: list[RecordedSession]) -> None:
    OnnxSessions(lambda: ["model"], {"input": 200}, EngineSlots(64), threads=0)
    assert made[0].threads == 4


@pytest.mark.parametrize(("tokens", "gives_back"), [(40, False), (400, True)])
def test_memory_is_given_back_after_a_long_text(made: list[RecordedSession], tokens: int, gives_back: bool) -> None:
    threads_used(OnnxSessions(lambda: ["model"], {"input": 200}, EngineSlots(1), threads=0), tokens)
    assert (made[0].options is not None) is gives_back


async def test_every_stage_has_its_sessions(made: list[RecordedSession]) -> None:
    slots = EngineSlots(2)
    sessions = OnnxSessions(lambda: ["one", "two"], {"input": 200}, slots, threads=0)
    async with slots.slot(0), slots.slot(0):
        sessions.run(None, {"input": np.zeros((1, 40))}, 1)
        wait_for_background()
        assert sessions.run(None, {"input": np.zeros((1, 400))}, 1) == [1]
    assert [(session.model, session.threads) for session in made] == [("one", 2), ("two", 2), ("one", 1), ("two", 1)]
    assert made[3].options is not None


def test_an_input_of_another_stage_is_not_looked_for(made: list[RecordedSession]) -> None:
    OnnxSessions(lambda: ["model"], {"tokens": 200}, EngineSlots(1), threads=0).run(None, {"input": np.zeros((1, 400))})
    assert made[0].options is None
