"""What API Gateway says of a caller, read; what an authoriser found, written down and read again."""

import pytest

from danmu_tts.callers import credential_of, handshake_credential, is_local, read, written
from danmu_tts.domain.access import Grant, Role
from danmu_tts.domain.errors import UnauthorizedError
from tests.builders.access import a_key

KEY = str(a_key())


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": f"Bearer {KEY}"}, {}),
        ({"authorization": f"bearer  {KEY} "}, {}),
        ({"x-api-key": KEY}, {}),
        ({"sec-websocket-protocol": f"danmu-tts.v1, {KEY}"}, {}),
        ({"sec-websocket-protocol": f"{KEY},danmu-tts.v1"}, {}),
        ({"sec-websocket-protocol": KEY}, {}),
        ({"sec-websocket-protocol": "danmu-tts.v1"}, {"token": KEY}),
    ],
)
def test_a_credential_may_come_in_any_of_four_ways(headers: dict[str, str], query: dict[str, str]) -> None:
    assert handshake_credential(headers, query) == KEY


@pytest.mark.parametrize("protocols", ["", "danmu-tts.v1", " danmu-tts.v1 ,"])
def test_our_own_subprotocol_is_no_credential(protocols: str) -> None:
    assert handshake_credential({"sec-websocket-protocol": protocols}, {"client": "me"}) is None


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": f"Bearer {KEY}", "x-api-key": KEY}, {}),
        ({"x-api-key": KEY, "sec-websocket-protocol": KEY}, {}),
        ({"x-api-key": KEY}, {"token": KEY}),
        ({"sec-websocket-protocol": f"{KEY}, {KEY}"}, {}),
        ({"authorization": f"Bearer {KEY},Bearer {KEY}"}, {}),
        ({"authorization": "Basic dXNlcjpwYXNz"}, {}),
    ],
)
def test_two_credentials_or_an_unclear_one_are_refused(headers: dict[str, str], query: dict[str, str]) -> None:
    with pytest.raises(UnauthorizedError):
        handshake_credential(headers, query)


def test_an_empty_bearer_is_a_credential_that_is_not_good() -> None:
    assert credential_of(["Bearer "], []) == ""


@pytest.mark.parametrize(
    "grant",
    [
        Grant(),
        Grant("aaaaaaaaaaaa", "0123456789abcdef"),
        Grant("aaaaaaaaaaaa", "0123456789abcdef", "room-1", Role.CONSOLE, 1_800_000_000),
    ],
)
@pytest.mark.parametrize("client", [None, "a-client-of-its-own"])
def test_a_grant_survives_an_authorisers_context(grant: Grant, client: str | None) -> None:
    context = written(grant, client)
    assert all(isinstance(value, str) for value in context.values())
    assert read(context | {"principalId": "x", "integrationLatency": 1}) == (grant, client)


@pytest.mark.parametrize("where", ["http", "identity"])
def test_both_apis_say_where_a_caller_is(where: str) -> None:
    def event(source_ip: str) -> dict[str, object]:
        return {"requestContext": {where: {"sourceIp": source_ip}}, "headers": {"Host": "localhost:8000"}}

    assert is_local(event("127.0.0.1"))
    assert not is_local(event("192.0.2.1"))
    assert not is_local({})
