"""Polling a queue for a function, as Lambda does."""

from typing import Any

import pytest

from infra.local.queue_poller import QueuePoller


class FakeReceiver:
    """A queue that holds some messages and remembers which were deleted."""

    def __init__(self, *ids: str) -> None:
        self.held = [{"messageId": each, "body": each} for each in ids]
        self.deleted: list[str] = []

    def receive(self, most: int) -> list[dict[str, Any]]:
        taken, self.held = self.held[:most], self.held[most:]
        return taken

    def delete(self, records: list[dict[str, Any]]) -> None:
        self.deleted += [each["messageId"] for each in records]


def test_what_is_done_with_is_deleted_and_the_rest_is_not() -> None:
    queue = FakeReceiver("a", "b", "c")
    answer = {"batchItemFailures": [{"itemIdentifier": "b"}]}
    assert QueuePoller("results", queue, lambda event, context: answer).poll() == 3
    assert queue.deleted == ["a", "c"]


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": [{}]}])
def test_after_an_answer_that_nobody_understands_nothing_is_deleted(answer: object) -> None:
    queue = FakeReceiver("a", "b")
    QueuePoller("results", queue, lambda event, context: answer).poll()
    assert queue.deleted == []


def test_after_a_handler_that_fails_nothing_is_deleted() -> None:
    def fail(event: dict[str, Any], context: Any) -> None:
        raise RuntimeError("a mistake")

    queue = FakeReceiver("a")
    QueuePoller("results", queue, fail).poll()
    assert queue.deleted == []


def test_without_messages_no_handler_is_called() -> None:
    calls: list[object] = []
    assert QueuePoller("results", FakeReceiver(), lambda event, context: calls.append(event)).poll() == 0
    assert calls == []


def test_a_queue_that_is_away_is_asked_again_less_and_less_often() -> None:
    class Away(FakeReceiver):
        def receive(self, most: int) -> list[dict[str, Any]]:
            raise OSError("nobody there")

    class EnoughError(BaseException):
        pass

    pauses_s: list[float] = []

    def sleep(seconds: float) -> None:
        pauses_s.append(seconds)
        if len(pauses_s) == 7:
            raise EnoughError

    with pytest.raises(EnoughError):
        QueuePoller("results", Away(), lambda event, context: None, sleep).run()
    assert pauses_s == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
