"""The two functions that end jobs, given the events that SQS sends."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from danmu_tts.observability import current_request_id
from functions import sqs_batch
from functions.job_deadlines import handler as deadlines
from functions.job_results import handler as results
from speech_contract.jobs import JobAudio, JobDeadline, JobResult, audio_key
from tests.builders.jobs import speech_job
from tests.builders.logs import captured_logs

RESULT = JobResult(id="j1", audio=JobAudio(key=audio_key("j1"), sample_rate_hz=24_000, duration_ms=500))


def event(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]}


def failures(answer: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@dataclass(frozen=True)
class Said:
    body: str
    request_id: str


def read(body: str) -> Said:
    """A body of two words: what it says, and who asked."""
    said, _, asker = body.partition(" ")
    if said == "noise":
        raise ValueError("no message of ours")
    return Said(said, asker)


def test_of_a_batch_those_alone_that_failed_come_again_and_each_is_logged_under_whose_request_it_is() -> None:
    done: list[tuple[str, str]] = []

    async def act(message: Said) -> None:
        if message.body == "bad":
            raise LookupError
        done.append((message.body, current_request_id()))

    with captured_logs() as records:
        answer = sqs_batch.serve(event("one asker-0", "bad asker-1", "two", "noise", "bad"), read, act)
    assert failures(answer) == ["m1", "m3", "m4"]
    assert sorted(done) == [("one", "asker-0"), ("two", "m2")]
    told = [(each.__dict__["request_id"], each.__dict__["message_id"]) for each in records]
    assert sorted(told) == [("asker-1", "m1"), ("m3", "m3"), ("m4", "m4")]


def test_messages_of_older_versions_name_no_request_and_are_read_all_the_same() -> None:
    job = speech_job(request_id="asker")
    for message in (job, JobResult(id="j1", request_id="asker"), JobDeadline(id="j1", request_id="asker")):
        old = json.dumps({name: value for name, value in message.model_dump().items() if name != "request_id"})
        assert type(message).model_validate_json(old) == message.model_copy(update={"request_id": ""})
        assert type(message).model_validate_json(message.model_dump_json()) == message


def test_a_result_is_read_as_it_was_written() -> None:
    assert results.read(RESULT.model_dump_json()) == RESULT


@pytest.mark.parametrize("wrapped", [True, False], ids=["by SNS", "raw"])
def test_sagemakers_notice_of_a_failure_is_a_failure(wrapped: bool) -> None:
    notice = {"invocationStatus": "Failed", "inferenceId": "j1", "failureReason": "ModelError"}
    body = json.dumps({"Type": "Notification", "Message": json.dumps(notice)} if wrapped else notice)
    assert results.read(body) == JobResult(id="j1", reason="failed", message="ModelError")


HOSTILE = [
    "",
    "null",
    "[]",
    "{",
    '{"version": 2, "id": "j1"}',
    '{"version": 1, "id": "../j1"}',
    '{"Message": "null"}',
    '{"Message": "{}"}',
    '{"invocationStatus": "Completed", "inferenceId": "j1"}',
    '{"invocationStatus": "Failed"}',
    json.dumps({"version": 1, "id": "j1", "audio": {"key": "keys/secret", "sample_rate_hz": 24000, "duration_ms": 1}}),
]


@pytest.mark.parametrize("body", HOSTILE)
def test_what_is_no_result_is_never_taken_for_one(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever; the message comes again, and then to the DLQ
        results.read(body)


def test_the_handlers_report_what_they_do_not_understand() -> None:
    for handler in (results.handler, deadlines.handler):
        assert failures(handler(event(*HOSTILE[:5]), None)) == [f"m{number}" for number in range(5)]


def test_the_handlers_are_done_with_jobs_that_nobody_knows() -> None:
    assert failures(results.handler(event(JobResult(id="j1", reason="failed").model_dump_json()), None)) == []
    assert failures(deadlines.handler(event('{"version": 1, "id": "j1"}'), None)) == []
