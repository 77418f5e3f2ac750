"""Limits and budgets as a caller meets them."""

import json
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.bootstrap import Container, build
from danmu_tts.domain.access import Scope
from danmu_tts.ports import BackendTraits
from danmu_tts.settings import BudgetSettings, CacheSettings, LimitSettings, SecuritySettings, Settings
from functions.rest_api.app import create_app
from functions.rest_api.lambda_adapter import LambdaAdapter
from tests.builders.fake_backend import FakeBackend
from tests.builders.http_event import http_event, local_event
from tests.builders.rest_service import Service, bearer

PAID = BackendTraits(usd_per_million_chars=15.0, chars_per_hanzi=2)


def a_container(tmp_path: Path, *backends: FakeBackend, monthly_usd: float | None = None, **limits: int) -> Container:
    settings = Settings(
        cache=CacheSettings(directory=tmp_path / "cache"),
        budget=BudgetSettings(file=tmp_path / "spend.sqlite3", monthly_usd=monthly_usd),
        security=SecuritySettings(keys_directory=tmp_path / "keys"),
        limits=LimitSettings(**limits),
    )
    return build(settings, backends={each.name: each for each in backends})


@pytest.fixture
def service(tmp_path: Path) -> Service:
    container = a_container(tmp_path, FakeBackend("fake"), viewer_requests=2, room_characters=10)
    return Service(container, tmp_path / "keys", [])


def speech(text: str = "你好", **fields: Any) -> tuple[str, str, dict[str, Any]]:
    return ("POST", "/v1/speech", {"text": text, **fields})


def test_a_key_meets_its_own_limit_and_is_told_what_is_left(service: Service) -> None:
    headers = bearer(service.key(Scope.SPEAK, requests_per_minute=2, characters_per_minute=100))
    left = [service.answer(http_event(*speech(), headers=headers)).headers for _ in range(2)]
    assert [each["x-ratelimit-remaining-requests"] for each in left] == ["1", "0"]
    assert [each["x-ratelimit-remaining-characters"] for each in left] == ["98", "96"]
    assert left[0]["x-ratelimit-limit-requests"] == "2"
    refused = service.answer(http_event(*speech(), headers=headers))
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert 29 <= int(refused.headers["retry-after"]) <= 30
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    other = bearer(service.key(Scope.SPEAK, requests_per_minute=2))
    assert service.answer(http_event(*speech(), headers=other)).status == 200


def test_openais_route_says_the_same(service: Service) -> None:
    headers = bearer(service.key(Scope.SPEAK, requests_per_minute=1))
    call = ("POST", "/v1/audio/speech", {"model": "auto", "input": "你好", "response_format": "wav"})
    assert service.answer(http_event(*call, headers=headers)).headers["x-ratelimit-remaining-requests"] == "0"
    assert service.answer(http_event(*call, headers=headers)).code == "rate_limited"


def test_a_viewer_who_talks_too_much_takes_nothing_from_the_room(service: Service) -> None:
    loud = [service.answer(local_event(*speech(viewer="loud", room="evening"))).status for _ in range(5)]
    assert loud == [200, 200, 429, 429, 429]
    assert service.answer(local_event(*speech("六个字的弹幕", viewer="shy", room="evening"))).status == 200
    refused = service.answer(local_event(*speech(viewer="third", room="evening")))
    assert (refused.status, "room" in refused.message) == (429, True)


@pytest.mark.parametrize("viewer", ["", "x" * 65, 7, ["a"]])
def test_a_viewer_that_is_none_is_refused(service: Service, viewer: object) -> None:
    assert service.answer(local_event(*speech(viewer=viewer))).status == 400


def test_when_the_money_is_spent_a_free_voice_speaks_and_the_answer_says_why(tmp_path: Path) -> None:
    container = a_container(tmp_path, FakeBackend("paid", traits=PAID), FakeBackend("free"), monthly_usd=0.0001)
    ask = LambdaAdapter(create_app(container))
    first, second = (json.loads(ask(local_event(*speech(text)), None)["body"]) for text in ("你好", "晚上好啊"))
    assert (first["backend"], first["cost_usd"]) == ("paid", pytest.approx(4 * 15e-6))
    assert (second["backend"], second["cost_usd"]) == ("free", 0)
    assert (second["fallback_from"], second["fallback_reason"]) == ("paid:zh-CN", "budget")
    health = json.loads(ask(local_event("GET", "/health/detailed"), None)["body"])
    assert health["budget"] == {"spent_usd": pytest.approx(4 * 15e-6), "monthly_usd": 0.0001}
    assert health["redis"] == "embedded"


def test_where_only_paid_voices_are_left_it_is_a_429_until_the_month_ends(tmp_path: Path) -> None:
    container = a_container(tmp_path, FakeBackend("paid", traits=PAID), monthly_usd=0)
    answer = Service(container, tmp_path / "keys", []).answer(local_event(*speech()))
    assert (answer.status, answer.code) == (429, "budget_exhausted")
    assert 0 < int(answer.headers["retry-after"]) <= 31 * 24 * 3600
