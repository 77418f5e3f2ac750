import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from infra.local.websocket_events import METHOD_ARN
from tests.builders.websocket_site import Event, RawClient, Site, upgrade_request

StartWebSocket = Callable[..., Site]
OK = {"statusCode": 200}


@pytest.fixture(scope="module")
def site(start_websocket: StartWebSocket) -> Site:
    """Answers 200 to everything, but what the body asks for."""

    def react(event: Event) -> object:
        match event.get("body"):
            case "fail":
                raise RuntimeError("as asked")
            case "exit":
                raise SystemExit
            case "bytes":
                return b"no JSON"
            case "500":
                return {"statusCode": 500}
            case "400":
                return {"statusCode": 400, "body": "ignored"}
        return OK

    return start_websocket(react)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets go of every handler that waits for it, at the end of the test at the latest."""
    event = threading.Event()
    yield event
    event.set()


def on_messages(act: Callable[[Event], object]) -> Callable[[Event], object]:
    return lambda event: act(event) if event["requestContext"]["eventType"] == "MESSAGE" else OK


def status_of_refusal(site: Site, query: str = "", **options: Any) -> int:
    with pytest.raises(InvalidStatus) as refused:
        site.connect(query, **options)
    return refused.value.response.status_code


def test_a_connection_is_three_events_with_one_id(site: Site) -> None:
    with site.connect("?room=7", user_agent_header="OBS", origin="http://127.0.0.1:8000") as client:
        connected = site.handler.next("$connect")
        client.send("hello 世界")
        message = site.handler.next("$default")
    disconnected = site.handler.next("$disconnect")

    assert connected["queryStringParameters"] == {"room": "7"}
    assert connected["headers"]["Origin"] == "http://127.0.0.1:8000"
    assert connected["headers"]["Sec-WebSocket-Version"] == "13"
    assert connected["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert "Connection" not in connected["headers"]
    assert message.keys() == {"requestContext", "body", "isBase64Encoded"}
    assert message["body"] == "hello 世界"
    contexts = [event["requestContext"] for event in (connected, message, disconnected)]
    assert len({context["connectionId"] for context in contexts}) == 1
    assert len({context["requestId"] for context in contexts}) == 3
    assert len({context["connectedAt"] for context in contexts}) == 1
    assert {context["stage"] for context in contexts} == {"local"}
    for context in contexts:
        assert context["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "OBS"}
        assert context["connectionId"].endswith("=")
        assert context["requestTimeEpoch"] >= context["connectedAt"]
    assert contexts[2]["disconnectStatusCode"] == 1000


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "tab closed"), (4001, "玩完了")])
def test_the_clients_close_code_and_reason_arrive(site: Site, code: int, reason: str) -> None:
    client, _ = site.open()
    client.close(code, reason)
    assert site.handler.next_close() == (code, reason)


def test_whoever_vanishes_is_disconnected_once(site: Site) -> None:
    client = site.open_raw()
    site.handler.next("$connect")
    client.reset()
    assert site.handler.next_close() == (1006, "")
    assert not site.api.connections
    assert site.handler.events.empty()


@pytest.mark.parametrize("path", ["/", "/other", "/ws/", "/@connections/x", "/audio/x"])
def test_other_paths_take_no_websocket(site: Site, path: str) -> None:
    assert status_of_refusal(site, path=path) == 403


@pytest.mark.parametrize("body", ["fail", "exit", "bytes", "500"])
def test_a_handler_that_fails_is_an_internal_server_error_to_the_client(site: Site, body: str) -> None:
    client, connection_id = site.open()
    with client:
        client.send(body)
        frame = json.loads(client.recv(timeout=20))
        context = site.handler.next("$default")["requestContext"]
        expected = {"message": "Internal server error", "connectionId": connection_id}
        assert frame == {**expected, "requestId": context["requestId"]}
    site.handler.next("$disconnect")


def test_what_a_handler_returns_goes_nowhere(site: Site) -> None:
    client, connection_id = site.open()
    with client:
        client.send("400")
        client.send("fine")
        assert sorted([site.handler.next_body(), site.handler.next_body()]) == ["400", "fine"]
        assert site.post(connection_id, b"first") == 200
        assert client.recv(timeout=20) == "first"
    site.handler.next("$disconnect")


def test_a_binary_frame_is_closed_with_1003(site: Site) -> None:
    client, _ = site.open()
    client.send(b"binary")
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1003
    assert site.handler.next_close()[0] == 1003


def test_a_slow_message_does_not_hold_up_the_next(start_websocket: StartWebSocket, release: threading.Event) -> None:
    site = start_websocket(on_messages(lambda event: release.wait(20) if event["body"] == "slow" else OK))
    client, _ = site.open()
    with client:
        client.send("slow")
        client.send("cancel")
        assert {site.handler.next_body(), site.handler.next_body()} == {"slow", "cancel"}
    assert site.handler.next_close()[0] == 1000  # though the slow one is still at work


def test_a_client_has_so_many_handlers_and_no_more(start_websocket: StartWebSocket, release: threading.Event) -> None:
    site = start_websocket(on_messages(lambda event: release.wait(20)), in_flight_per_connection=2)
    client, _ = site.open()
    other, _ = site.open()
    with client, other:
        for number in range(5):
            client.send(str(number))
        assert {site.handler.next_body(), site.handler.next_body()} == {"0", "1"}
        other.send("other")
        assert site.handler.next_body() == "other"
        assert site.handler.events.empty()
        release.set()
        assert {site.handler.next_body() for _ in range(3)} == {"2", "3", "4"}


def test_all_clients_together_have_so_many_handlers(start_websocket: StartWebSocket, release: threading.Event) -> None:
    site = start_websocket(on_messages(lambda event: release.wait(20)), concurrency=2)
    clients = [site.open()[0] for _ in range(3)]
    for client in clients:
        client.send("message")
    assert [site.handler.next_body() for _ in range(2)] == ["message"] * 2
    assert site.handler.events.empty()
    clients[0].close()
    assert site.handler.next_close()[0] == 1000  # who leaves does not wait for those who stay
    release.set()
    assert site.handler.next_body() == "message"
    for client in clients[1:]:
        client.close()


def test_a_late_handler_is_said_to_have_timed_out(start_websocket: StartWebSocket, release: threading.Event) -> None:
    react = on_messages(lambda event: release.wait(20) and {"statusCode": 500})
    site = start_websocket(react, integration_timeout_s=0.05)
    client, connection_id = site.open()
    with client:
        client.send("slow")
        frame = json.loads(client.recv(timeout=20))
        assert (frame["message"], frame["connectionId"]) == ("Endpoint request timed out", connection_id)
        release.set()
        assert site.post(connection_id, b"nothing came between") == 200
        assert client.recv(timeout=20) == "nothing came between"


def test_silence_is_closed_with_1001_and_messages_either_way_are_no_silence(start_websocket: StartWebSocket) -> None:
    idle_s = 1.0
    site = start_websocket(idle_s=idle_s)
    client, connection_id = site.open()
    until_s = time.monotonic() + 1.2 * idle_s
    with httpx.Client() as poster:
        while time.monotonic() < until_s:
            client.send("still here")
            site.handler.next("$default")
            poster.post(site.management(connection_id), content=b"here too").raise_for_status()
            client.recv(timeout=20)
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    assert site.handler.next_close() == (1001, "Going away")
    assert site.post(connection_id, b"too late") == 410


def test_a_connection_lasts_no_longer_than_it_may(start_websocket: StartWebSocket) -> None:
    site = start_websocket(duration_s=0.2)
    client, _ = site.open()
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def test_a_connection_that_is_not_read_from_is_closed_in_time(
    start_websocket: StartWebSocket, release: threading.Event
) -> None:
    site = start_websocket(on_messages(lambda event: release.wait(20)), in_flight_per_connection=1, duration_s=0.2)
    client, _ = site.open()
    for _ in range(3):
        client.send("busy")
    assert site.handler.next_body() == "busy"
    assert site.handler.next_close() == (1001, "Going away")


def test_the_action_selects_among_the_routes_that_exist(start_websocket: StartWebSocket) -> None:
    site = start_websocket(routes=("$connect", "$disconnect", "speak"))
    client, connection_id = site.open()
    with client:
        client.send('{"action": "speak"}')
        site.handler.next("speak")
        client.send('{"action": "sing"}')
        frame = json.loads(client.recv(timeout=20))
        assert (frame["message"], frame["connectionId"]) == ("Forbidden", connection_id)
    site.handler.next("$disconnect")


@pytest.mark.parametrize(
    ("result", "status"),
    [({"statusCode": 403}, 403), ({"statusCode": 500}, 500), ({"statusCode": 302}, 302), ({"statusCode": 204}, 101)]
    + [(odd, 502) for odd in (None, "200", {}, {"statusCode": "200"}, {"statusCode": True}, {"statusCode": 99})]
    + [({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "a\r\nb: c"}}, 502)],
)
def test_connects_status_is_the_handshakes(start_websocket: StartWebSocket, result: object, status: int) -> None:
    site = start_websocket(lambda event: result)
    if status == 101:
        site.open()[0].close()
        return
    assert status_of_refusal(site) == status
    site.handler.next("$connect")
    assert site.handler.events.empty()
    assert not site.api.connections


def test_a_connect_that_fails_is_502_and_one_that_is_late_504(
    start_websocket: StartWebSocket, release: threading.Event
) -> None:
    def fail(event: Event) -> NoReturn:
        raise RuntimeError("as asked")

    assert status_of_refusal(start_websocket(fail)) == 502
    late = start_websocket(lambda event: release.wait(20), integration_timeout_s=0.05)
    assert status_of_refusal(late) == 504


def test_connect_chooses_the_subprotocol(start_websocket: StartWebSocket) -> None:
    site = start_websocket(lambda event: {"statusCode": 200, "headers": {"sec-websocket-protocol": "danmu.v1"}})
    with site.connect(subprotocols=["danmu.v2", "danmu.v1"]) as client:
        assert client.subprotocol == "danmu.v1"
    assert site.handler.next("$connect")["headers"]["Sec-WebSocket-Protocol"] == "danmu.v2, danmu.v1"


def test_nothing_can_be_posted_before_the_connection_is_there(start_websocket: StartWebSocket) -> None:
    statuses: queue.Queue[int] = queue.Queue()
    sites: list[Site] = []

    def react(event: Event) -> object:
        if event["requestContext"]["eventType"] == "CONNECT":
            statuses.put(sites[0].post(event["requestContext"]["connectionId"], b"too early"))
        return OK

    sites.append(start_websocket(react))
    with sites[0].connect():
        assert statuses.get(timeout=20) == 410


def test_a_client_that_leaves_while_connect_works_is_disconnected(
    start_websocket: StartWebSocket, release: threading.Event
) -> None:
    def react(event: Event) -> object:
        if event["requestContext"]["eventType"] == "CONNECT":
            release.wait(20)
        return OK

    site = start_websocket(react)
    with RawClient(site.address) as client:
        client.socket.sendall(upgrade_request())
        site.handler.next("$connect")
    release.set()
    assert site.handler.next_close()[0] == 1006
    assert not site.api.connections


def policy(effect: str) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": METHOD_ARN}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "me", "policyDocument": document, "context": {"room": 7}}


def authorize(event: Event, context: Any) -> object:
    match event["queryStringParameters"].get("token"):
        case "good":
            return policy("Allow")
        case "bad":
            return policy("Deny")
        case "odd":
            return {"isAuthorized": True}
        case "broken":
            raise RuntimeError("as asked")
    raise Exception("Unauthorized")


@pytest.fixture(scope="module")
def guarded(start_websocket: StartWebSocket) -> Site:
    return start_websocket(authorizer=authorize)


@pytest.mark.parametrize(
    ("query", "status"), [("?token=bad", 403), ("", 401), ("?token=odd", 500), ("?token=broken", 500)]
)
def test_whoever_the_authorizer_refuses_never_reaches_the_handler(guarded: Site, query: str, status: int) -> None:
    assert status_of_refusal(guarded, query) == status
    assert guarded.handler.events.empty()


def test_what_the_authorizer_says_is_in_every_event(guarded: Site) -> None:
    with guarded.connect("?token=good") as client:
        connected = guarded.handler.next("$connect")
        client.send("hello")
        message = guarded.handler.next("$default")
    for event in (connected, message, guarded.handler.next("$disconnect")):
        assert event["requestContext"]["authorizer"] == {"principalId": "me", "room": "7"}


def test_plain_http_at_the_sockets_path_is_for_the_other_api(site: Site) -> None:
    assert httpx.get(f"{site.base_url}/ws").status_code == 404
