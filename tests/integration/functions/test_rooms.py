"""Live rooms over REST, through the real application and API Gateway's events."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from danmu_tts.domain.access import Role, Scope
from functions.rest_api.app import create_app
from functions.rest_api.lambda_adapter import LambdaAdapter
from tests.builders.bilibili_messages import danmu
from tests.builders.http_event import http_event
from tests.builders.rest_service import Service, bearer

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(service: Service) -> Ask:
    key = service.key(Scope.DANMU, Scope.LISTEN)
    adapter = LambdaAdapter(create_app(service.container))

    def answer(method: str, path: str, body: Any = None, credential: str = key) -> tuple[int, Any]:
        result = adapter(http_event(method, f"/v1/rooms/{path}", body, headers=bearer(credential)), None)
        return result["statusCode"], json.loads(result["body"])

    return answer


def test_a_room_begins_with_its_first_danmu_and_shows_how_it_stands(ask: Ask) -> None:
    events = [{"id": "a", "name": "小明", "viewer": "v", "text": "你好"}, {"text": "？？"}]
    status, answer = ask("POST", "r/danmu", {"events": events})
    assert status == 200
    assert [each["outcome"] for each in answer["outcomes"]] == ["queued", "dropped"]
    status, state = ask("GET", "r")
    assert status == 200
    assert [(each["id"], each["name"], each["text"]) for each in state["waiting"]] == [("a", "小明", "你好")]
    assert (state["counts"]["arrived"], state["counts"]["dropped"]) == (2, {"nothing_to_say": 1})
    assert (state["has_player"], state["spent_usd"], state["in_hand"]) == (False, 0, [])
    assert state["backlog_ms"] > 0


def test_a_platforms_own_messages_are_understood(ask: Ask) -> None:
    messages = [danmu(msg="你好", timestamp=int(time.time())), {"cmd": "LIVE_OPEN_PLATFORM_LIKE"}]
    status, answer = ask("POST", "r/danmu/bilibili", {"messages": messages})
    assert (status, len(answer["outcomes"])) == (200, 1)
    (waiting,) = ask("GET", "r")[1]["waiting"]
    assert waiting["text"] == "你好"
    status, answer = ask("POST", "r/danmu/bilibili", {"messages": [{"cmd": "LIVE_OPEN_PLATFORM_DM", "data": {}}]})
    assert (status, answer["error"]["code"]) == (400, "invalid_request")
    assert ask("POST", "r/danmu/nowhere", {"messages": [{}]})[0] == 400


def test_what_is_taken_back_is_gone_and_what_is_not_there_says_so(ask: Ask) -> None:
    ask("POST", "r/danmu", {"events": [{"id": "a", "text": "你好"}]})
    assert ask("DELETE", "r/danmu/a") == (200, {"retracted": 1})
    status, answer = ask("DELETE", "r/danmu/a")
    assert (status, answer["error"]["code"]) == (404, "not_found")


def test_settings_are_put_whole(ask: Ask) -> None:
    status, state = ask("PUT", "r", {"language": "en", "every_nth": 3})
    assert (status, state["settings"]["language"], state["settings"]["every_nth"]) == (200, "en", 3)
    assert ask("PUT", "r", {})[1]["settings"]["language"] == "zh"


@pytest.mark.parametrize("do", ["skip", "clear", "pause", "resume"])
def test_the_streamers_controls_answer_how_the_room_stands(ask: Ask, do: str) -> None:
    ask("POST", "r/danmu", {"events": [{"id": "a", "text": "你好"}]})
    status, state = ask("POST", f"r/{do}")
    assert (status, state["paused"]) == (200, do == "pause")
    assert len(state["waiting"]) == (0 if do == "clear" else 1)


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("r/danmu", {"events": []}, "events"),
        ("r/danmu", {"events": [{"text": "x"}] * 201}, "events"),
        ("r/danmu", {"events": [{"text": "x", "picture": "javascript:alert(1)"}]}, "events"),
        ("r/danmu", {"events": [{"txt": "x"}]}, "events"),
        ("r/danmu", {"event": []}, "events"),
        ("r/danmu/twitch", {"messages": "x"}, "messages"),
        ("a room/danmu", {"events": [{"text": "x"}]}, "room"),
        ("r/danmu", None, None),
    ],
)
def test_what_is_no_event_is_refused_whole(ask: Ask, path: str, body: Any, param: str | None) -> None:
    status, answer = ask("POST", path.replace(" ", "%20"), body)
    assert (status, answer["error"]["code"], answer["error"]["param"]) == (400, "invalid_request", param)
    assert ask("GET", "r")[1]["counts"]["arrived"] == 0


def test_a_room_token_sees_and_steers_its_own_room_alone(ask: Ask, service: Service) -> None:
    console, player = service.token("r", Role.CONSOLE), service.token("r", Role.PLAYER)
    assert ask("GET", "r", credential=player)[0] == 200
    assert ask("POST", "r/pause", credential=player)[0] == 403
    assert ask("POST", "r/pause", credential=console)[0] == 200
    assert ask("PUT", "r", {}, console)[0] == 200
    assert ask("DELETE", "r/danmu/a", credential=console)[0] == 404
    for method, path, body in (("GET", "other", None), ("POST", "other/pause", None), ("PUT", "other", {})):
        assert ask(method, path, body, console)[0] == 403
