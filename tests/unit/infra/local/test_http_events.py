import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest

from infra.local.http_events import HttpRequest, MalformedResultError, build_event, encode_json, parse_response
from infra.local.http_responses import HttpResponse

EPOCH_MS = 1_583_348_638_390  # 2020-03-04T19:03:58.390Z


def event_of(
    *,
    method: str = "POST",
    path: bytes = b"/my/path",
    query: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = ((b"Host", b"id.example.com"),),
    body: bytes = b"",
    content_type: bytes | None = None,
) -> dict[str, Any]:
    if content_type is not None:
        headers = (*headers, (b"Content-Type", content_type))
    request = HttpRequest(
        method=method,
        raw_path=path,
        raw_query=query,
        http_version="1.1",
        headers=headers,
        body=body,
        source_ip="192.0.2.1",
        scheme="http",
        port=8000,
    )
    return build_event(request, request_id="id", epoch_ms=EPOCH_MS)


def parsed(result: object) -> HttpResponse:
    return parse_response(encode_json(result))


def test_a_full_request_gives_the_documented_event() -> None:
    event = event_of(
        query=b"parameter1=value1&parameter1=value2&parameter2=value",
        headers=[
            (b"Host", b"id.execute-api.us-east-1.amazonaws.com"),
            (b"Cookie", b"cookie1=a; cookie2=b"),
            (b"Header1", b"value1"),
            (b"Header2", b"value1"),
            (b"header2", b"value2"),
            (b"User-Agent", b"agent"),
            (b"Content-Type", b"text/plain"),
        ],
        body=b"Hello from client!",
    )
    assert event == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/path",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["cookie1=a", "cookie2=b"],
        "headers": {
            "host": "id.execute-api.us-east-1.amazonaws.com",
            "header1": "value1",
            "header2": "value1,value2",
            "user-agent": "agent",
            "content-type": "text/plain",
            "content-length": "18",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "8000",
            "x-forwarded-proto": "http",
            "x-amzn-trace-id": "Root=1-5e5ffb9e-a56145270ce6b3bebd1dd012",
        },
        "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "id",
            "http": {
                "method": "POST",
                "path": "/my/path",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": EPOCH_MS,
        },
        "body": "Hello from client!",
        "isBase64Encoded": False,
    }


def test_what_was_not_sent_is_absent_rather_than_empty() -> None:
    event = event_of(method="GET")
    assert not {"cookies", "queryStringParameters", "body", "pathParameters"} & event.keys()
    assert event["rawQueryString"] == ""
    assert event["isBase64Encoded"] is False
    assert event["requestContext"]["http"]["userAgent"] == ""


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        (b"/caf%C3%A9/%E5%BC%B9%E5%B9%95", "/café/弹幕"),
        (b"/a%2Fb", "/a/b"),
        (b"/a%252Fb", "/a%2Fb"),
        (b"/a+b%20c", "/a+b c"),
        (b"/%FF", "/\N{REPLACEMENT CHARACTER}"),
        (b"/100%", "/100%"),
        (b"//double//slash", "//double//slash"),
        (b"http://id.example.com/absolute", "/absolute"),
        (b"http://id.example.com", "/"),
        (b"*", "*"),
    ],
)
def test_the_path_is_decoded_once(raw: bytes, decoded: str) -> None:
    event = event_of(path=raw)
    assert event["rawPath"] == decoded
    assert event["requestContext"]["http"]["path"] == decoded


@pytest.mark.parametrize(
    ("raw", "parameters"),
    [
        (b"a=1%262&b=x+y%2Bz", {"a": "1&2", "b": "x y+z"}),
        (b"a=&flag&=v", {"a": "", "flag": "", "": "v"}),
        (b"q=%E5%BC%B9%E5%B9%95", {"q": "弹幕"}),
        (b"a=1&b=2&a=3", {"a": "1,3", "b": "2"}),
        (b"a=1;b=2", {"a": "1;b=2"}),
        (b"a=%FF&b=%zz", {"a": "\N{REPLACEMENT CHARACTER}", "b": "%zz"}),
    ],
)
def test_the_raw_query_stays_as_sent_and_parameters_are_decoded(raw: bytes, parameters: dict[str, str]) -> None:
    event = event_of(query=raw)
    assert event["rawQueryString"] == raw.decode()
    assert event["queryStringParameters"] == parameters


def test_a_query_without_parameters_has_no_parameters() -> None:
    event = event_of(query=b"&&")
    assert event["rawQueryString"] == "&&"
    assert "queryStringParameters" not in event


def test_cookies_of_several_headers_leave_the_headers_for_one_list() -> None:
    event = event_of(headers=[(b"cookie", b"a=1;b=x=y"), (b"Cookie", b" c=3 ; ")])
    assert event["cookies"] == ["a=1", "b=x=y", "c=3"]
    assert "cookie" not in event["headers"]


def test_headers_that_describe_the_connection_stop_at_the_gateway() -> None:
    sent = [b"Connection", b"Keep-Alive", b"Transfer-Encoding", b"TE", b"Upgrade", b"Expect", b"X-Mine"]
    headers = event_of(headers=[(name, b"v") for name in sent])["headers"]
    assert headers.keys() & {name.decode().lower() for name in sent} == {"x-mine"}


def test_a_caller_cannot_claim_another_address_port_or_protocol() -> None:
    claims = [(b"X-Forwarded-For", b"203.0.113.9"), (b"X-Forwarded-Port", b"443"), (b"X-Forwarded-Proto", b"https")]
    event = event_of(headers=claims)
    assert event["headers"]["x-forwarded-for"] == "203.0.113.9, 192.0.2.1"
    assert event["headers"]["x-forwarded-port"] == "8000"
    assert event["headers"]["x-forwarded-proto"] == "http"
    assert event["requestContext"]["http"]["sourceIp"] == "192.0.2.1"


def test_a_trace_that_the_caller_started_goes_on() -> None:
    trace = b"Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e"
    assert event_of(headers=[(b"X-Amzn-Trace-Id", trace)])["headers"]["x-amzn-trace-id"] == trace.decode()


@pytest.mark.parametrize(
    ("host", "domain_name", "domain_prefix"),
    [
        (b"127.0.0.1:8000", "127.0.0.1", "127"),
        (b"tts.local", "tts.local", "tts"),
        (b"[::1]:8000", "[::1]", "[::1]"),
        (b"localhost", "localhost", "localhost"),
    ],
)
def test_the_domain_is_the_host_without_its_port(host: bytes, domain_name: str, domain_prefix: str) -> None:
    event = event_of(headers=[(b"Host", host)])
    assert event["headers"]["host"] == host.decode()
    assert event["requestContext"]["domainName"] == domain_name
    assert event["requestContext"]["domainPrefix"] == domain_prefix


def test_a_request_without_a_host_gets_one() -> None:
    assert event_of(headers=[])["headers"]["host"] == "localhost"


@pytest.mark.parametrize(
    "content_type",
    [
        b"text/plain",
        b"text/html; charset=utf-8",
        b"application/json",
        b"Application/JSON ; charset=utf-8",
        b"application/javascript",
        b"application/xml",
    ],
)
def test_text_arrives_as_text(content_type: bytes) -> None:
    event = event_of(content_type=content_type, body="弹幕".encode())
    assert (event["body"], event["isBase64Encoded"]) == ("弹幕", False)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        b"",
        b"application/octet-stream",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data",
        b"audio/mpeg",
    ],
)
def test_anything_else_arrives_as_base64(content_type: bytes | None) -> None:
    event = event_of(content_type=content_type, body=b"plain")
    assert (event["body"], event["isBase64Encoded"]) == ("cGxhaW4=", True)


def test_json_that_is_not_utf8_arrives_as_base64() -> None:
    event = event_of(content_type=b"application/json", body=b'{"a":"\xff"}')
    assert base64.b64decode(event["body"]) == b'{"a":"\xff"}'
    assert event["isBase64Encoded"] is True


def test_a_chunked_body_gets_the_length_that_it_turned_out_to_have() -> None:
    event = event_of(headers=[(b"Transfer-Encoding", b"chunked")], body=b"12345")
    assert event["headers"]["content-length"] == "5"


def test_an_event_is_json_whatever_bytes_were_sent() -> None:
    every_byte = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
    event = event_of(path=b"/" + every_byte, query=every_byte, headers=[(b"x", every_byte)], body=every_byte)
    assert json.loads(encode_json(event)) == event


def test_a_full_result_becomes_the_response() -> None:
    response = parsed(
        {
            "statusCode": 201,
            "headers": {"Content-Type": "audio/mpeg", "X-Count": 3},
            "cookies": ["a=1; Path=/", "b=2"],
            "body": "AAH/",
            "isBase64Encoded": True,
        }
    )
    assert response.status == 201
    assert response.body == b"\x00\x01\xff"
    assert response.headers == (
        (b"content-type", b"audio/mpeg"),
        (b"x-count", b"3"),
        (b"set-cookie", b"a=1; Path=/"),
        (b"set-cookie", b"b=2"),
    )


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ({"message": "弹幕"}, '{"message": "弹幕"}'.encode()),
        ("Hello from Lambda!", b"Hello from Lambda!"),
        ([1, 2], b"[1, 2]"),
        (None, b"null"),
        ({}, b"{}"),
    ],
)
def test_a_result_without_a_status_code_is_the_body_of_a_json_answer(result: object, body: bytes) -> None:
    response = parsed(result)
    assert (response.status, response.body) == (200, body)
    assert response.headers == ((b"content-type", b"application/json"),)


def test_a_body_without_a_content_type_is_plain_text() -> None:
    assert parsed({"statusCode": 200, "body": "hi"}).header(b"content-type") == b"text/plain;charset=UTF-8"
    assert parsed({"statusCode": 204}).headers == ()


def test_fields_that_are_null_are_fields_that_are_absent() -> None:
    fields = ("headers", "multiValueHeaders", "cookies", "body", "isBase64Encoded")
    assert parsed({"statusCode": 202, **dict.fromkeys(fields)}) == HttpResponse(status=202, headers=(), body=b"")


def test_multi_value_headers_replace_single_ones_of_their_name() -> None:
    result = {"statusCode": 200, "headers": {"Vary": "a", "X": "1"}, "multiValueHeaders": {"vary": ["b", "c"]}}
    assert parsed(result).headers == ((b"x", b"1"), (b"vary", b"b"), (b"vary", b"c"))


def test_headers_that_frame_the_message_are_the_gateways_own() -> None:
    result = {"statusCode": 200, "headers": {"Connection": "close", "Transfer-Encoding": "chunked", "X": " 1 "}}
    assert parsed(result).headers == ((b"x", b"1"),)


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "200"},
        {"statusCode": None},
        {"statusCode": True},
        {"statusCode": 99},
        {"statusCode": 101},
        {"statusCode": 600},
        {"statusCode": 200.5},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": None}},
        {"statusCode": 200, "headers": {"a": {"b": 1}}},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "headers": {"": "c"}},
        {"statusCode": 200, "headers": {"a": "b\r\nset-cookie: c=d"}},
        {"statusCode": 200, "multiValueHeaders": {"a": "b"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "cookies": [None]},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": 1},
        {"statusCode": 200, "body": "not base64!", "isBase64Encoded": True},
        {"statusCode": 200, "body": "AAH", "isBase64Encoded": True},
        {"statusCode": 200, "body": "é", "isBase64Encoded": True},
        {"statusCode": 200, "body": "AAH/", "isBase64Encoded": "true"},
        {"statusCode": 200, "body": "\ud800"},
        {"statusCode": 200, "body": b"bytes"},
        {"statusCode": 200, "extra": object()},
        {"value": float("nan")},
        {("a", "b"): 1},
        object(),
    ],
)
def test_a_malformed_result_is_refused(result: object) -> None:
    with pytest.raises(MalformedResultError):
        parsed(result)


def test_a_result_that_contains_itself_is_refused() -> None:
    result: dict[str, Any] = {}
    result["self"] = result
    with pytest.raises(MalformedResultError):
        encode_json(result)


def test_json_is_measured_as_utf8() -> None:
    assert len(encode_json("弹幕")) == 8
