"""Lambda's fake, called through boto3."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from tests.fakes.lambda_api import MAX_PAYLOAD_BYTES, FakeLambda
from tests.fakes.vendor import Fault


def greet(event: Any, context: Any) -> object:
    return {"greeting": f"Hello {event['name']}", "by": context.function_name}


def fail(event: Any, context: Any) -> object:
    raise LookupError(f"no {event}")


FUNCTIONS = {
    "greet": greet,
    "fail": fail,
    "object": lambda event, context: object(),
    "shout": lambda event, context: "a" * MAX_PAYLOAD_BYTES,
}


@pytest.fixture
def functions() -> Iterator[FakeLambda]:
    with FakeLambda(FUNCTIONS) as server:
        yield server


@pytest.fixture
def client(functions: FakeLambda) -> Iterator[Any]:
    client = boto3.client(
        "lambda",
        endpoint_url=functions.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=5, proxies={}),
    )
    yield client
    client.close()


@pytest.fixture
def hasty_client(functions: FakeLambda) -> Iterator[Any]:
    client = boto3.client(
        "lambda",
        endpoint_url=functions.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=0.2, proxies={}),
    )
    yield client
    client.close()


def invoke(client: Any, name: str = "greet", payload: bytes = b'{"name": "Ann"}', **options: Any) -> Any:
    return client.invoke(FunctionName=name, Payload=payload, **options)


def body_of(answer: Any) -> Any:
    # Not as a context manager: that would hand out the stream below, whose errors are not boto's.
    with contextlib.closing(answer["Payload"]) as payload:
        return json.loads(payload.read())


@pytest.mark.parametrize("name", ["greet", "greet:live", "arn:aws:lambda:us-east-1:123456789012:function:greet:live"])
def test_runs_the_function(functions: FakeLambda, client: Any, name: str) -> None:
    answer = invoke(client, name)
    assert (answer["StatusCode"], "FunctionError" in answer) == (200, False)
    assert body_of(answer) == {"greeting": "Hello Ann", "by": "greet"}
    (received,) = functions.received
    assert (received.function, received.event, received.invocation_type) == (
        "greet",
        {"name": "Ann"},
        "RequestResponse",
    )


def test_a_client_keeps_its_connection(functions: FakeLambda, client: Any) -> None:
    body_of(invoke(client))
    body_of(invoke(client))
    assert (functions.requests, functions.connections) == (2, 1)


def test_an_exception_of_the_function_is_its_answer(client: Any) -> None:
    answer = invoke(client, "fail", b'"bread"')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    body = body_of(answer)
    assert (body["errorType"], body["errorMessage"]) == ("LookupError", "no bread")
    assert "in fail" in body["stackTrace"][-1]


@pytest.mark.parametrize(
    ("name", "kind"), [("object", "Runtime.MarshalError"), ("shout", "Function.ResponseSizeTooLarge")]
)
def test_an_answer_that_cannot_be_sent_is_an_error_of_the_function(client: Any, name: str, kind: str) -> None:
    answer = invoke(client, name)
    assert answer["FunctionError"] == "Unhandled"
    assert body_of(answer)["errorType"] == kind


@pytest.mark.parametrize(("invocation_type", "status"), [("Event", 202), ("DryRun", 204)])
def test_other_invocation_types_have_no_answer(client: Any, invocation_type: str, status: int) -> None:
    assert invoke(client, InvocationType=invocation_type)["StatusCode"] == status


@pytest.mark.parametrize(
    ("name", "payload", "code"),
    [
        ("nobody", b"{}", "ResourceNotFoundException"),
        ("greet", b"{", "InvalidRequestContentException"),
        ("greet", b'"' + b"a" * MAX_PAYLOAD_BYTES + b'"', "RequestTooLargeException"),
    ],
)
def test_refuses_what_lambda_refuses(functions: FakeLambda, client: Any, name: str, payload: bytes, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        invoke(client, name, payload)
    assert refused.value.response["Error"]["Code"] == code
    assert not functions.received


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault.UNAUTHORIZED, 403, "AccessDeniedException"),
        (Fault.FORBIDDEN, 403, "AccessDeniedException"),
        (Fault.RATE_LIMITED, 429, "TooManyRequestsException"),
        (Fault.SERVER_ERROR, 500, "ServiceException"),
    ],
)
def test_refuses(functions: FakeLambda, client: Any, fault: Fault, status: int, code: str) -> None:
    functions.fault, functions.retry_after_s = fault, 2
    with pytest.raises(ClientError) as refused:
        invoke(client)
    answer = refused.value.response
    assert answer["Error"]["Code"] == code
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert answer["ResponseMetadata"]["HTTPHeaders"].get("retry-after") == ("2" if status == 429 else None)


def test_throttling_is_an_exception_of_the_client(functions: FakeLambda, client: Any) -> None:
    functions.fault = Fault.RATE_LIMITED
    with pytest.raises(client.exceptions.TooManyRequestsException):
        invoke(client)


def test_forbidden_once(functions: FakeLambda, client: Any) -> None:
    functions.fault = Fault.FORBIDDEN_ONCE
    with pytest.raises(ClientError):
        invoke(client)
    assert body_of(invoke(client))["by"] == "greet"


def test_answers_garbage(functions: FakeLambda, client: Any) -> None:
    functions.fault = Fault.GARBAGE
    answer = invoke(client)
    assert answer["StatusCode"] == 200
    with pytest.raises(json.JSONDecodeError):
        body_of(answer)


def test_breaks_off(functions: FakeLambda, client: Any) -> None:
    functions.fault = Fault.TRUNCATED
    answer = invoke(client)
    with pytest.raises(ResponseStreamingError):
        body_of(answer)


def test_resets_the_connection(functions: FakeLambda, client: Any) -> None:
    functions.fault = Fault.RESET
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        invoke(client)
    assert functions.requests == 1


@pytest.mark.parametrize("fault", [Fault.MUTE_FOR_EVER, Fault.SLOW])
def test_answers_too_late(functions: FakeLambda, hasty_client: Any, fault: Fault) -> None:
    functions.fault, functions.delay_s = fault, 30
    with pytest.raises(ReadTimeoutError):
        invoke(hasty_client)
