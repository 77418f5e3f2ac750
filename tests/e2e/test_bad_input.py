"""Whatever a body says, the answer is clear, in one shape, and the server goes on."""

import json
from typing import Any

import httpx
import pytest

from tests.e2e.wire_errors import assert_error

pytestmark = pytest.mark.usefixtures("clean_log", "still_serving")

OPENAI = "/v1/audio/speech"
NATIVE = "/v1/speech"
JSON = {"content-type": "application/json"}
DEPTH = 100_000


def post(client: httpx.Client, path: str = OPENAI, /, **change: Any) -> httpx.Response:
    """A good request with some fields changed, written with what JSON lacks: NaN, Infinity, lone surrogates."""
    good = {"model": "auto", "input": "hello"} if path == OPENAI else {"text": "hello"}
    return client.post(path, content=json.dumps(good | change), headers=JSON)


@pytest.mark.parametrize(
    "text",
    [
        " \t\n",
        "...！？——",
        "，。、",
        "😂🎉❤️",
        "(°∀°)ﾉ",
        "¯\\_(ツ)_/¯",
        "(=・ω・=)",
        "\u200b\u200e\ufeff",
        "\x00\x01\x7f",
    ],
)
def test_a_text_without_a_word_is_refused(client: httpx.Client, text: str) -> None:
    for path, field in ((OPENAI, "input"), (NATIVE, "text")):
        response = post(client, path, **{field: text})
        assert_error(response, 400, "invalid_request", field)
        assert "nothing to say" in response.text


def test_an_empty_text_is_refused(client: httpx.Client) -> None:
    assert_error(post(client, input=""), 400, "invalid_request", "input")
    assert_error(post(client, NATIVE, text=""), 400, "invalid_request", "text")


@pytest.mark.parametrize("length", [4097, 1_000_000])
def test_a_text_over_the_limit_is_refused(client: httpx.Client, length: int) -> None:
    assert_error(post(client, input="a" * length), 413, "text_too_long", "input")
    assert_error(post(client, NATIVE, text="a" * length), 413, "text_too_long", "text")


def test_a_body_over_lambdas_limit_is_refused(client: httpx.Client) -> None:
    assert_error(post(client, input="a" * 7_000_000), 413, "invalid_request")


@pytest.mark.parametrize(
    ("path", "field", "value", "status", "code"),
    [
        (OPENAI, "voice", "nobody", 404, "voice_not_found"),
        (OPENAI, "voice", {"id": "nobody"}, 404, "voice_not_found"),
        (OPENAI, "model", "gpt-9", 404, "not_found"),
        (OPENAI, "response_format", "ogg", 400, "unsupported_format"),
        (OPENAI, "stream_format", "xml", 400, "invalid_request"),
        (OPENAI, "pitch", 1, 400, "invalid_request"),
        (NATIVE, "voice", "piper:nobody", 404, "voice_not_found"),
        (NATIVE, "backend", "festival", 400, "invalid_request"),
        (NATIVE, "format", "ogg", 400, "unsupported_format"),
        (NATIVE, "language", "xx", 404, "voice_not_found"),
        (NATIVE, "language", "klingon!", 400, "invalid_request"),
        (NATIVE, "pitch", 12.5, 400, "invalid_request"),
        (NATIVE, "volume", -0.1, 400, "invalid_request"),
        (NATIVE, "priority", "urgent", 400, "invalid_request"),
        (NATIVE, "deadline_ms", 999, 400, "invalid_request"),
        (NATIVE, "deadline_ms", 10**30, 400, "invalid_request"),
        (NATIVE, "room", "a/b", 400, "invalid_request"),
        (NATIVE, "model", "auto", 400, "invalid_request"),
    ],
)
def test_what_is_unknown_here_is_named(
    client: httpx.Client, path: str, field: str, value: object, status: int, code: str
) -> None:
    assert_error(post(client, path, **{field: value}), status, code, field)


@pytest.mark.parametrize("speed", [0, 0.2, 5, -1, float("nan"), float("inf"), 10**400, "fast", "1.5", None, True, [1]])
def test_a_speed_that_is_none_is_refused(client: httpx.Client, speed: object) -> None:
    assert_error(post(client, speed=speed), 400, "invalid_request", "speed")


@pytest.mark.parametrize("field", ["input", "model", "response_format", "stream_format"])
def test_a_field_that_may_not_be_null_is_named(client: httpx.Client, field: str) -> None:
    code = "unsupported_format" if field == "response_format" else "invalid_request"
    assert_error(post(client, **{field: None}), 400, code, field)


@pytest.mark.parametrize("value", [7, 1.5, True, [], ["hello"], {}, {"a": 1}])
@pytest.mark.parametrize("field", ["input", "model", "instructions", "stream_format"])
def test_a_field_of_the_wrong_type_is_named(client: httpx.Client, field: str, value: object) -> None:
    assert_error(post(client, **{field: value}), 400, "invalid_request", field)


@pytest.mark.parametrize(
    "value", [None, 7, True, [], {}, {"name": "alloy"}, {"id": 7}, "../../etc", "\ud800", "x" * 5000]
)
def test_a_voice_that_cannot_be_a_name_is_refused_as_voice(client: httpx.Client, value: object) -> None:
    response = post(client, voice=value)
    param = response.json()["error"]["param"]
    assert param in ("voice", "voice.id")
    assert_error(response, 400, "invalid_request", param)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("deadline_ms", "5000"),
        ("deadline_ms", True),
        ("deadline_ms", 1.5),
        ("captions", "yes"),
        ("captions", 1),
        ("pitch", "2"),
        ("volume", True),
        ("text", 7),
        ("room", 7),
        ("priority", 1),
        ("language", ["en"]),
        ("backend", {}),
    ],
)
def test_a_native_field_of_the_wrong_type_is_named(client: httpx.Client, field: str, value: object) -> None:
    assert_error(post(client, NATIVE, **{field: value}), 400, "invalid_request", field)


@pytest.mark.parametrize("field", ["voice", "model", "input", "response_format", "unknown"])
def test_a_lone_surrogate_is_refused(client: httpx.Client, field: str) -> None:
    response = post(client, **{field: "hi \ud800 there"})
    error = response.json()["error"]
    assert_error(response, 400, error["code"], error["param"])
    assert error["code"] in ("invalid_request", "unsupported_format")


@pytest.mark.parametrize("field", ["voice", "model", "response_format", "f" * 5000])
def test_a_long_value_is_not_repeated(client: httpx.Client, field: str) -> None:
    response = post(client, **{field: "x" * 5000})
    assert response.status_code == 400
    assert "x" * 200 not in response.text
    assert "f" * 200 not in response.text


@pytest.mark.parametrize(
    "body",
    {
        "empty": b"",
        "broken": b"{",
        "truncated": b'{"model": "auto", "inp',
        "raw NUL": b'{"model": "auto", "input": "hi\x00"}',
        "invalid UTF-8": b'{"model": "auto", "input": "\xff\xfe"}',
        "deep": b"[" * DEPTH,
        "deep and closed": b"[" * DEPTH + b"]" * DEPTH,
        "deep in a field": b'{"model": "auto", "input": ' + b"[" * DEPTH + b"]" * DEPTH + b"}",
        "deep objects": b'{"a":' * DEPTH,
        "huge integer": b'{"model": "auto", "input": "hi", "speed": ' + b"9" * 5000 + b"}",
        "array": b'[{"model": "auto", "input": "hi"}]',
        "string": b'"hello"',
        "number": b"1",
        "null": b"null",
        "true": b"true",
        "text": b"hello",
    }.items(),
    ids=lambda item: item[0],
)
def test_a_body_that_is_no_json_object_is_refused(client: httpx.Client, body: tuple[str, bytes]) -> None:
    for path in (OPENAI, NATIVE):
        assert_error(client.post(path, content=body[1], headers=JSON), 400, "invalid_request")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "?"]
)
def test_another_content_type_is_refused_and_the_right_one_named(client: httpx.Client, content_type: str) -> None:
    body = b'{"model": "auto", "input": "hello"}'
    response = client.post(OPENAI, content=body, headers={"content-type": content_type})
    assert_error(response, 400, "invalid_request")
    assert "application/json" in response.text


def test_a_missing_content_type_is_refused_and_the_right_one_named(client: httpx.Client) -> None:
    response = client.post(OPENAI, content=b'{"model": "auto", "input": "hello"}')
    assert_error(response, 400, "invalid_request")
    assert "application/json" in response.text
