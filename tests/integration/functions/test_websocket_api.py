"""The WebSocket function, asked by API Gateway's events."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from danmu_tts import process_loop
from danmu_tts.callers import written
from danmu_tts.domain.access import Grant, Role, Scope
from danmu_tts.settings import LimitSettings
from functions.rest_api.app import create_app
from functions.rest_api.lambda_adapter import LambdaAdapter
from functions.websocket_api import handler as module
from speech_contract import frames
from speech_contract.frames import Accepted, Audio, Done, Error, Pong, Voices
from tests.builders.fake_backend import FakeBackend
from tests.builders.http_event import http_event, local_event
from tests.builders.websocket_bench import CLIENT, WebSocketBench, a_connection, speak, websocket_bench
from tests.builders.websocket_event import CONNECTION_ID, connects, handshake, leaves, says

HERE, THERE = a_connection(1, CLIENT), a_connection(2, CLIENT)
LONG = "One, two, three. " * 20


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WebSocketBench:
    bench = websocket_bench(tmp_path)
    monkeypatch.setattr("danmu_tts.bootstrap.container", lambda: bench.container)
    return bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[WebSocketBench]:
    bench = websocket_bench(tmp_path)
    yield bench
    await bench.container.close()


class TestEvents:
    def test_a_connection_is_let_in_under_our_subprotocol_if_that_is_offered(self, served: WebSocketBench) -> None:
        for offered, chosen in [("danmu-tts.v1, danmu_key", {"Sec-WebSocket-Protocol": "danmu-tts.v1"}), ("x", {})]:
            event = connects(handshake({"sec-websocket-protocol": offered}), {})
            assert module.handler(event, None) == {"statusCode": 200, "headers": chosen}

    def test_a_client_name_that_is_none_is_refused_with_the_reason(self, served: WebSocketBench) -> None:
        answer = module.handler(connects(handshake(query={"client": "short"}), {}), None)
        assert answer["statusCode"] == 400
        assert json.loads(answer["body"])["error"]["code"] == "invalid_request"

    def test_connections_are_counted_from_connect_to_disconnect(self, served: WebSocketBench) -> None:
        module.handler(connects(handshake(), {}), None)
        assert process_loop.run(served.container.sessions.count()) == 1
        assert module.handler(leaves({}), None) == {"statusCode": 200}
        assert process_loop.run(served.container.sessions.count()) == 0

    def test_a_message_is_answered_over_its_connection_and_not_by_the_result(self, served: WebSocketBench) -> None:
        assert module.handler(says('{"action": "ping"}', {}), None) == {"statusCode": 200}
        assert served.pusher.sent[CONNECTION_ID] == [Pong()]

    def test_an_api_without_an_authoriser_lets_nobody_do_anything(self, served: WebSocketBench) -> None:
        module.handler(says('{"action": "ping"}', None), None)
        (answer,) = served.pusher.sent[CONNECTION_ID]
        assert isinstance(answer, Error)
        assert answer.error.code == "unauthorized"

    @pytest.mark.parametrize("frame", ["ping", "voices", "speak", "cancel", "resume"])
    def test_a_key_that_was_withdrawn_does_nothing_more(self, served: WebSocketBench, frame: str) -> None:
        more = {"speak": speak(), "cancel": {"id": "a"}, "resume": {"speaks": [{"id": "a", "seq": 0}]}}
        body = json.dumps({"action": frame, **more.get(frame, {})})
        module.handler(says(body, written(Grant("aaaaaaaaaaaa", "0" * 16), CLIENT)), None)
        (answer,) = served.pusher.sent[CONNECTION_ID]
        assert isinstance(answer, Error)
        assert answer.error.code == "unauthorized"

    def test_a_room_tokens_holder_may_not_speak(self, served: WebSocketBench) -> None:
        access = served.container.access
        record = process_loop.run(access.create("test", [Scope.SPEAK])).record
        grant = process_loop.run(access.admit(access.room_token(record, "room-1", Role.PLAYER, 60), local=False))
        module.handler(says(json.dumps(speak()), written(grant)), None)
        (answer,) = served.pusher.sent[CONNECTION_ID]
        assert isinstance(answer, Error)
        assert answer.error.code == "forbidden"


async def test_a_line_is_accepted_heard_and_done(bench: WebSocketBench) -> None:
    await bench.receive(HERE, speak(captions=True))
    assert bench.kinds(HERE) == ["accepted", "audio", "done"]
    done = bench.sent(HERE)[-1]
    assert isinstance(done, Done)
    assert (done.format, done.sample_rate_hz, done.voice, done.cached) == ("pcm", 24_000, "fake:zh-CN", None)
    assert done.bytes == done.duration_ms * 48
    assert done.captions


async def test_the_second_time_it_comes_from_the_cache(bench: WebSocketBench) -> None:
    await bench.receive(HERE, speak("a"))
    await bench.receive(HERE, speak("b"))
    first, second = [frame for frame in bench.sent(HERE) if isinstance(frame, Done)]
    assert (first.cached, second.cached) == (None, "memory")
    assert first.bytes == second.bytes


async def test_long_audio_that_is_ready_goes_by_url(tmp_path: Path) -> None:
    bench = websocket_bench(tmp_path, websocket={"max_pushed_bytes": 1000})
    await bench.receive(HERE, speak("a"))
    await bench.receive(HERE, speak("b"))
    pieces = {each: [f for f in bench.sent(HERE) if isinstance(f, Audio) and f.id == each] for each in "ab"}
    assert all(piece.data is not None for piece in pieces["a"])
    (whole,) = pieces["b"]
    assert whole.final
    assert whole.url
    assert whole.url.startswith("/audio/")
    await bench.container.close()


@pytest.mark.parametrize(
    ("frame", "code", "param"),
    [
        ("", "invalid_request", None),
        ("no JSON", "invalid_request", None),
        ("[]", "invalid_request", None),
        ("{}", "invalid_request", None),
        ({"action": "sing"}, "invalid_request", None),
        ({"action": 1}, "invalid_request", None),
        ({"action": "speak", "id": "a"}, "invalid_request", "text"),
        (speak("a b"), "invalid_request", "id"),
        (speak(text="x" * 1001), "text_too_long", "text"),
        (speak(speed="1"), "invalid_request", "speed"),
        (speak(speed=5), "invalid_request", "speed"),
        (speak(format="ogg"), "unsupported_format", "format"),
        (speak(colour="red"), "invalid_request", "colour"),
        ({"action": "cancel", "id": "unknown"}, "not_found", "id"),
        ({"action": "resume", "speaks": []}, "invalid_request", "speaks"),
        ({"action": "resume", "speaks": [{"id": "a", "seq": -1}]}, "invalid_request", "speaks"),
    ],
)
async def test_what_is_wrong_with_a_frame_is_said_and_ends_nothing(
    bench: WebSocketBench, frame: Any, code: str, param: str | None
) -> None:
    await bench.receive(HERE, frame)
    (answer,) = bench.sent(HERE)
    assert isinstance(answer, Error)
    assert (answer.id, answer.error.code, answer.error.param) == (None, code, param)
    if param:
        named = frame.get("id")
        assert (answer.action, answer.about) == (frame["action"], None if named == "a b" else named)


@pytest.mark.parametrize(
    ("fields", "code"), [({"text": "!!!"}, "invalid_request"), ({"voice": "bob"}, "voice_not_found")]
)
async def test_what_cannot_be_spoken_ends_in_an_error_of_its_name(
    bench: WebSocketBench, fields: dict[str, Any], code: str
) -> None:
    await bench.receive(HERE, speak(**fields))
    accepted, answer = bench.sent(HERE)
    assert accepted == Accepted(id="a")
    assert isinstance(answer, Error)
    assert (answer.id, answer.error.code) == ("a", code)


async def test_a_limit_says_when_to_try_again(tmp_path: Path) -> None:
    bench = websocket_bench(tmp_path, limits=LimitSettings(all_requests=1))
    await bench.receive(HERE, speak("a"))
    await bench.receive(HERE, speak("b"))
    answer = bench.sent(HERE)[-1]
    assert isinstance(answer, Error)
    assert (answer.id, answer.error.code) == ("b", "rate_limited")
    assert answer.retry_after_s
    await bench.container.close()


async def test_who_connects_without_a_name_cannot_come_back(bench: WebSocketBench) -> None:
    await bench.receive(a_connection(), {"action": "resume", "speaks": [{"id": "a", "seq": 0}]})
    (answer,) = bench.sent(a_connection())
    assert isinstance(answer, Error)
    assert (answer.id, answer.error.code) == (None, "invalid_request")


async def test_a_busy_gateway_is_asked_again(bench: WebSocketBench) -> None:
    bench.pusher.busy[HERE.id] = 2
    await bench.receive(HERE, speak())
    assert bench.kinds(HERE) == ["accepted", "audio", "done"]


async def test_a_gone_connections_record_is_forgotten(bench: WebSocketBench) -> None:
    connection = a_connection()
    await bench.container.sessions.connect(connection)
    bench.pusher.gone.add(connection.id)
    await bench.receive(connection, {"action": "ping"})
    await bench.container.delivery.close()
    assert await bench.container.sessions.count() == 0


async def test_a_listener_that_does_not_read_delays_nobody(bench: WebSocketBench) -> None:
    bench.pusher.holds[HERE.id] = asyncio.Event()
    stuck = bench.begin(HERE, speak("a", LONG))
    await bench.receive(a_connection(7), speak("b", LONG))
    assert bench.kinds(a_connection(7)) == ["accepted", "audio", "done"]
    bench.pusher.holds.pop(HERE.id).set()
    await stuck


async def test_voices_are_listed_by_language(bench: WebSocketBench) -> None:
    await bench.receive(HERE, {"action": "voices", "language": "zh"})
    (answer,) = bench.sent(HERE)
    assert isinstance(answer, Voices)
    assert [voice.id for voice in answer.voices] == ["fake:zh-CN"]
    assert answer.final


async def test_many_voices_come_in_several_frames(tmp_path: Path) -> None:
    bench = websocket_bench(tmp_path, FakeBackend(languages=[f"zh-x{number}" for number in range(250)]))
    await bench.receive(HERE, {"action": "voices"})
    answers = [frame for frame in bench.sent(HERE) if isinstance(frame, Voices)]
    assert [len(answer.voices) for answer in answers] == [100, 100, 50]
    assert [answer.final for answer in answers] == [False, False, True]
    assert max(len(answer.encode()) for answer in answers) < 32 * 1024
    await bench.container.close()


async def test_every_frame_is_as_the_schema_says(bench: WebSocketBench) -> None:
    schema = frames.schema()
    client, server = ({**schema, "$ref": None, **schema[side]} for side in ("client", "server"))
    for each in (client, server):
        del each["$ref"]
    for frame in (speak(captions=True), {"action": "voices"}, {"action": "ping"}, {"action": "cancel", "id": "x"}):
        Draft202012Validator(client).validate(frame)
        await bench.receive(HERE, frame)
    for sent in bench.sent(HERE):
        Draft202012Validator(server).validate(json.loads(sent.encode()))
    assert not Draft202012Validator(client).is_valid({"id": "a"})


def test_the_schema_is_published_and_connections_are_counted(served: WebSocketBench) -> None:
    module.handler(connects(handshake(), {}), None)
    rest = LambdaAdapter(create_app(served.container))
    assert json.loads(rest(http_event("GET", "/v1/websocket-schema"), None)["body"]) == frames.schema()
    assert "tts_websocket_connections 1.0" in rest(local_event("GET", "/metrics"), None)["body"]
