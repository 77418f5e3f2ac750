"""The events against AWS's documented sample and against events that were logged from live WebSocket APIs."""

import json
from dataclasses import replace
from typing import Any

import pytest

from infra.local.websocket_events import (
    METHOD_ARN,
    Handshake,
    Session,
    authorizer_event,
    connect_event,
    disconnect_event,
    message_event,
    new_id,
    select_route,
    start_session,
)

EPOCH_MS = 1674162806345
HANDSHAKE = Handshake(
    headers=[
        (b"host", b"127.0.0.1:8000"),
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-extensions", b"permessage-deflate; client_max_window_bits"),
        (b"sec-websocket-key", b"am5ubWVpbHd3bmNyYXF0ag=="),
        (b"sec-websocket-version", b"13"),
        (b"user-agent", b"OBS"),
        (b"headerauth1", b"headerValue1"),
    ],
    raw_query=b"QueryString1=queryValue1",
    source_ip="127.0.0.1",
    scheme="ws",
    port=8000,
)
SESSION = start_session(HANDSHAKE, connection_id="IU3kkeN4IAMCJwA=", epoch_ms=EPOCH_MS - 1)
CONTEXT = {
    "eventType": "CONNECT",
    "extendedRequestId": "IU3kkGyEoAMFwZQ=",
    "requestTime": "19/Jan/2023:21:13:26 +0000",
    "messageDirection": "IN",
    "stage": "local",
    "connectedAt": EPOCH_MS - 1,
    "requestTimeEpoch": EPOCH_MS,
    "identity": {"sourceIp": "127.0.0.1", "userAgent": "OBS"},
    "requestId": "IU3kkGyEoAMFwZQ=",
    "domainName": "127.0.0.1",
    "connectionId": "IU3kkeN4IAMCJwA=",
    "apiId": "local",
}
HEADERS = {
    "Host": "127.0.0.1:8000",
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    "Sec-WebSocket-Key": "am5ubWVpbHd3bmNyYXF0ag==",
    "Sec-WebSocket-Version": "13",
    "User-Agent": "OBS",
    "headerauth1": "headerValue1",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Port": "8000",
    "X-Forwarded-Proto": "http",
}


def connect(handshake: Handshake = HANDSHAKE, session: Session = SESSION) -> dict[str, Any]:
    return connect_event(session, handshake, request_id="IU3kkGyEoAMFwZQ=", epoch_ms=EPOCH_MS)


def without_trace(headers: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in headers.items() if name != "X-Amzn-Trace-Id"}


def test_connect_looks_as_on_aws() -> None:
    event = connect()
    trace = event["headers"]["X-Amzn-Trace-Id"]
    assert trace.startswith("Root=1-63c9b276-")
    assert without_trace(event.pop("headers")) == HEADERS
    many = {name: [value] for name, value in HEADERS.items()}
    assert without_trace(event.pop("multiValueHeaders")) == many
    assert event == {
        "queryStringParameters": {"QueryString1": "queryValue1"},
        "multiValueQueryStringParameters": {"QueryString1": ["queryValue1"]},
        "requestContext": {"routeKey": "$connect", **CONTEXT},
        "isBase64Encoded": False,
    }


def test_the_authorizer_is_asked_as_on_aws() -> None:
    event = authorizer_event(SESSION, HANDSHAKE, request_id="IU3kkGyEoAMFwZQ=", epoch_ms=EPOCH_MS)
    headers = {"Connection": "upgrade", "content-length": "0", "Upgrade": "websocket", **HEADERS}
    assert without_trace(event.pop("headers")) == headers
    assert without_trace(event.pop("multiValueHeaders")) == {name: [value] for name, value in headers.items()}
    assert event == {
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:local:000000000000:local/local/$connect",
        "queryStringParameters": {"QueryString1": "queryValue1"},
        "multiValueQueryStringParameters": {"QueryString1": ["queryValue1"]},
        "stageVariables": {},
        "requestContext": {"routeKey": "$connect", **CONTEXT},
    }
    assert event["methodArn"] == METHOD_ARN


def test_a_message_has_a_body_and_an_id_and_no_headers() -> None:
    event = message_event(
        SESSION,
        '{"action":"ping"}',
        route_key="$default",
        message_id="SOqIDdzSoAMCEeg=",
        request_id="IU3kkGyEoAMFwZQ=",
        epoch_ms=EPOCH_MS,
    )
    context = {**CONTEXT, "routeKey": "$default", "messageId": "SOqIDdzSoAMCEeg=", "eventType": "MESSAGE"}
    assert event == {"requestContext": context, "body": '{"action":"ping"}', "isBase64Encoded": False}


def disconnect(code: int, reason: str = "") -> dict[str, Any]:
    return disconnect_event(SESSION, code=code, reason=reason, request_id="IU3kkGyEoAMFwZQ=", epoch_ms=EPOCH_MS)


def test_disconnect_has_the_code_and_the_four_headers_of_aws() -> None:
    event = disconnect(1001, "Going away")
    headers = {"Host": "127.0.0.1", "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    ending = {"disconnectStatusCode": 1001, "disconnectReason": "Going away"}
    assert event == {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": {**CONTEXT, "routeKey": "$disconnect", "eventType": "DISCONNECT", **ending},
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("code", "reason", "shown"),
    [(1005, "", "Client-side close frame status not set"), (1001, "", ""), (1000, "bye", "bye")],
)
def test_the_reason_is_the_clients_or_that_it_gave_no_status(code: int, reason: str, shown: str) -> None:
    assert disconnect(code, reason)["requestContext"]["disconnectReason"] == shown


def test_what_the_authorizer_said_is_in_every_later_event() -> None:
    session = replace(SESSION, authorizer={"principalId": "streamer", "room": "7"})
    arguments: dict[str, Any] = {"request_id": "r", "epoch_ms": EPOCH_MS}
    events = [
        connect(session=session),
        message_event(session, "hi", route_key="$default", message_id="m", **arguments),
        disconnect_event(session, code=1000, reason="", **arguments),
    ]
    for event in events:
        assert event["requestContext"]["authorizer"] == {"principalId": "streamer", "room": "7"}
        event["requestContext"]["authorizer"]["room"] = "8"
    assert session.authorizer == {"principalId": "streamer", "room": "7"}


def test_a_handshake_without_a_query_has_no_parameters() -> None:
    event = connect(replace(HANDSHAKE, raw_query=b""))
    assert not {"queryStringParameters", "multiValueQueryStringParameters"} & event.keys()


def test_repeated_names_keep_all_values_and_show_the_last() -> None:
    headers = [*HANDSHAKE.headers, (b"x-room", b"1"), (b"x-room", b"2")]
    event = connect(replace(HANDSHAKE, headers=headers, raw_query=b"a=1&a=%C3%A4&b="))
    assert event["headers"]["x-room"] == "2"
    assert event["multiValueHeaders"]["x-room"] == ["1", "2"]
    assert event["queryStringParameters"] == {"a": "ä", "b": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "ä"], "b": [""]}


def test_a_client_cannot_claim_to_be_somebody_else() -> None:
    claims = [(b"x-forwarded-for", b"10.0.0.1"), (b"x-forwarded-port", b"1"), (b"x-forwarded-proto", b"https")]
    headers = connect(replace(HANDSHAKE, headers=[*HANDSHAKE.headers, *claims]))["headers"]
    assert headers["X-Forwarded-For"] == "10.0.0.1, 127.0.0.1"
    assert (headers["X-Forwarded-Port"], headers["X-Forwarded-Proto"]) == ("8000", "http")


def test_a_client_without_a_name_has_no_user_agent() -> None:
    session = start_session(replace(HANDSHAKE, headers=[]), connection_id="c", epoch_ms=EPOCH_MS)
    assert connect(session=session)["requestContext"]["identity"] == {"sourceIp": "127.0.0.1"}


def test_events_are_json() -> None:
    for event in (connect(), disconnect(1006)):
        assert json.loads(json.dumps(event)) == event


def test_an_id_looks_as_on_aws() -> None:
    assert new_id(lambda count: b"\xff" * count) == "______________8="


ROUTES = ("$connect", "$disconnect", "$default", "speak")


@pytest.mark.parametrize(
    ("body", "route"),
    [
        ('{"action":"speak"}', "speak"),
        ('{"action":"sing"}', "$default"),
        ('{"action":"$connect"}', "$default"),
        ('{"action":["speak"]}', "$default"),
        ('{"action":null}', "$default"),
        ("{}", "$default"),
        ('["action"]', "$default"),
        ("speak", "$default"),
        ("", "$default"),
        ("[" * 100_000, "$default"),
        ('{"action":"speak"', "$default"),
    ],
)
def test_the_action_selects_the_route(body: str, route: str) -> None:
    assert select_route(body, ROUTES) == route


def test_without_a_default_route_what_is_unknown_has_none() -> None:
    assert select_route('{"action":"speak"}', ("$connect", "speak")) == "speak"
    assert select_route('{"action":"sing"}', ("$connect", "speak")) is None
    assert select_route('{"action":"speak"}', ("$connect",)) is None
