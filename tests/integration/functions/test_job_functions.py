"""The two functions that end jobs, given the events that SQS sends."""

import json
from typing import Any

import pytest

from functions import sqs_batch
from functions.job_deadlines import handler as deadlines
from functions.job_results import handler as results
from speech_contract.jobs import JobAudio, JobResult, audio_key

RESULT = JobResult(id="j1", audio=JobAudio(key=audio_key("j1"), sample_rate_hz=24_000, duration_ms=500))


def event(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]}


def failures(answer: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_of_a_batch_those_alone_that_failed_come_again() -> None:
    done: list[str] = []

    async def act(body: str) -> None:
        if body == "bad":
            raise ValueError("no message of ours")
        done.append(body)

    assert failures(sqs_batch.serve(event("one", "bad", "two", "bad"), act)) == ["m1", "m3"]
    assert sorted(done) == ["one", "two"]


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
