"""An event or two for each function as AWS sends them, and what its answer must be."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from danmu_tts.domain.audio import AudioFormat
from speech_contract.frames import SUBPROTOCOL
from speech_contract.jobs import JobDeadline, JobResult
from speech_contract.piper import SpeakPiper
from tests.builders.http_event import http_event
from tests.builders.sound import decode, rms
from tests.builders.websocket_event import asks_to_connect, connects, handshake, leaves

VOICE = "en_US-joe-medium"
_HTTP_ARN = "arn:aws:execute-api:us-east-1:123456789012:abcdef/$default/GET/v1/models"
_QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:danmu-tts-xtts-results"


@dataclass(frozen=True, slots=True)
class Case:
    """``check`` raises AssertionError where the answer is wrong."""

    event: dict[str, Any]
    check: Callable[[Any], None]


def cases(package: str, key: str) -> list[Case]:
    """Of the function whose package of ``functions`` it is. ``key``: an API key that is good there."""
    return {
        "rest_api": lambda: [
            Case(http_event("GET", "/health"), _is_healthy),
            Case(http_event("GET", "/"), _is_page),
            Case(http_event("GET", "/v1/backends"), _has_status(401)),
            Case(http_event("GET", "/v1/backends", headers={"authorization": f"Bearer {key}"}), _has_status(200)),
        ],
        "websocket_api": lambda: [
            Case(connects(handshake({"sec-websocket-protocol": SUBPROTOCOL}), {"principalId": "x"}), _is_welcome),
            Case(leaves({"principalId": "x"}), _has_status(200)),
        ],
        "authorizer": lambda: [
            Case(asks_to_connect(handshake({"x-api-key": key})), _has_effect("Allow")),
            Case(asks_to_connect(handshake()), _is_unauthorized),
            Case(_http_authorizer_event({"authorization": f"Bearer {key}"}), _has_effect("Allow")),
            Case(_http_authorizer_event({}), _has_effect("Deny")),
        ],
        "piper_voice": lambda: [Case(SpeakPiper(text="hello there", voice=VOICE).model_dump(), _is_speech)],
        "job_results": lambda: [_batch(JobResult(id="nobody", reason="failed").model_dump_json())],
        "job_deadlines": lambda: [_batch(JobDeadline(id="nobody").model_dump_json())],
    }[package]()


def _http_authorizer_event(headers: dict[str, str]) -> dict[str, Any]:
    """Payload 2.0; see "Create a Lambda authorizer" in the developer guide of HTTP APIs."""
    event = http_event("GET", "/v1/models", headers=headers)
    return {**event, "type": "REQUEST", "routeArn": _HTTP_ARN, "identitySource": [], "routeKey": "$default"}


def _batch(known: str) -> Case:
    """A message that is understood, about a job that nobody knows, and one that is not."""
    bodies = {"understood": known, "malformed": "{"}

    def check(answer: Any) -> None:
        assert answer == {"batchItemFailures": [{"itemIdentifier": "malformed"}]}

    return Case({"Records": [_record(message_id, body) for message_id, body in bodies.items()]}, check)


def _record(message_id: str, body: str) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": f"handle of {message_id}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1583348638390"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": _QUEUE_ARN,
        "awsRegion": "us-east-1",
    }


def _has_status(status: int) -> Callable[[Any], None]:
    def check(answer: Any) -> None:
        assert answer.get("statusCode") == status, answer

    return check


def _has_effect(effect: str) -> Callable[[Any], None]:
    def check(answer: Any) -> None:
        assert [each["Effect"] for each in answer["policyDocument"]["Statement"]] == [effect], answer

    return check


def _is_healthy(answer: Any) -> None:
    _has_status(200)(answer)
    assert json.loads(answer["body"])["status"] == "ok"


def _is_page(answer: Any) -> None:
    _has_status(200)(answer)
    assert "<html" in answer["body"]


def _is_welcome(answer: Any) -> None:
    assert answer == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": SUBPROTOCOL}}


def _is_unauthorized(answer: Any) -> None:
    assert (answer["errorType"], answer["errorMessage"]) == ("Exception", "Unauthorized"), answer


def _is_speech(answer: Any) -> None:
    assert answer["error"] is None, answer
    audio = base64.urlsafe_b64decode(answer["audio"])
    assert audio[:4] == b"RIFF"
    samples, rate_hz = decode(audio, AudioFormat.WAV)
    assert 0.3 < len(samples) / rate_hz < 3
    assert rms(np.asarray(samples)) > 0.01
