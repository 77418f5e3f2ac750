"""The doorkeeper of both APIs, asked by their events."""

from pathlib import Path
from typing import Any

import pytest

from danmu_tts import process_loop
from danmu_tts.callers import read
from danmu_tts.domain.access import Role, Scope
from functions.authorizer import handler as module
from tests.builders.access import a_key
from tests.builders.websocket_bench import CLIENT, WebSocketBench, websocket_bench
from tests.builders.websocket_event import asks_to_connect, handshake

HTTP_ARN = "arn:aws:execute-api:eu-west-1:123456789012:abcdef/$default/GET/v1/models"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WebSocketBench:
    bench = websocket_bench(tmp_path)
    monkeypatch.setattr("danmu_tts.bootstrap.container", lambda: bench.container)
    return bench


@pytest.fixture
def key(bench: WebSocketBench) -> str:
    return str(process_loop.run(bench.container.access.create("test", [Scope.SPEAK])).text)


def ask(event: dict[str, Any]) -> dict[str, Any]:
    return module.handler(event, None)


def http_event(headers: dict[str, str]) -> dict[str, Any]:
    context = {"http": {"sourceIp": "192.0.2.1"}}
    return {"version": "2.0", "type": "REQUEST", "routeArn": HTTP_ARN, "headers": headers, "requestContext": context}


@pytest.mark.parametrize("where", ["authorization", "x-api-key", "sec-websocket-protocol", "token"])
def test_a_key_opens_a_websocket_in_any_of_four_ways(key: str, where: str) -> None:
    shown = {"authorization": f"Bearer {key}", "sec-websocket-protocol": f"danmu-tts.v1, {key}"}.get(where, key)
    asked = handshake(query={"token": shown}) if where == "token" else handshake({where: shown})
    answer = ask(asks_to_connect(asked))
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == asks_to_connect(asked)["methodArn"]
    grant, client = read(answer["context"])
    assert answer["principalId"] == grant.key_id == key.split("_")[1]
    assert client is None


@pytest.mark.parametrize("credential", [None, "unused", str(a_key()), "a.b.c", "x" * 5000])
def test_a_websocket_without_a_good_credential_is_a_401(bench: WebSocketBench, credential: str | None) -> None:
    asked = handshake({"x-api-key": credential} if credential else {})
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        ask(asks_to_connect(asked))


def test_whoever_is_on_this_machine_needs_none(bench: WebSocketBench) -> None:
    answer = ask(asks_to_connect(handshake(local=True)))
    assert answer["principalId"] == "anonymous"
    assert read(answer["context"])[0].key_id is None


def test_another_sites_page_on_this_machine_needs_one(bench: WebSocketBench) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        ask(asks_to_connect(handshake({"origin": "https://evil.example"}, local=True)))


def test_a_room_token_opens_a_websocket_for_its_room(bench: WebSocketBench) -> None:
    access = bench.container.access
    record = process_loop.run(access.create("test", [Scope.LISTEN])).record
    token = access.room_token(record, "room-1", Role.PLAYER, 60)
    grant, _ = read(ask(asks_to_connect(handshake(query={"token": token})))["context"])
    assert (grant.key_id, grant.room, grant.role) == (record.id, "room-1", Role.PLAYER)
    assert grant.expires_at is not None


@pytest.mark.parametrize(("name", "kept"), [(CLIENT, CLIENT), ("short", None), ("a b" * 10, None), ("x" * 65, None)])
def test_what_a_client_calls_itself_is_passed_on_if_it_is_a_name(key: str, name: str, kept: str | None) -> None:
    answer = ask(asks_to_connect(handshake({"x-api-key": key}, {"client": name})))
    assert read(answer["context"])[1] == kept


def test_an_http_apis_answer_is_good_for_every_route_of_the_stage(key: str) -> None:
    answer = ask(http_event({"authorization": f"Bearer {key}"}))
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement == {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": "arn:aws:execute-api:eu-west-1:123456789012:abcdef/$default/*",
    }


@pytest.mark.parametrize("headers", [{}, {"x-api-key": str(a_key())}, {"authorization": "Basic x"}])
def test_an_http_api_is_told_to_deny(bench: WebSocketBench, headers: dict[str, str]) -> None:
    (statement,) = ask(http_event(headers))["policyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"


def test_a_connection_is_looked_at_again_with_each_message(bench: WebSocketBench, key: str) -> None:
    access = bench.container.access
    grant, _ = read(ask(asks_to_connect(handshake({"x-api-key": key})))["context"])
    assert process_loop.run(access.principal_of(grant)).key_id == grant.key_id
