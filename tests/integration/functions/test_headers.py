"""What browsers are told."""

from pathlib import Path

import pytest

from danmu_tts.bootstrap import build
from danmu_tts.settings import CacheSettings, ServerSettings, Settings
from functions.rest_api.app import create_app
from functions.rest_api.lambda_adapter import LambdaAdapter
from tests.builders.fake_backend import FakeBackend
from tests.builders.http_event import http_event, local_event
from tests.builders.rest_service import Service

PREFLIGHT = {"origin": "https://page.example", "access-control-request-method": "POST"}


def test_every_answer_is_safe_in_a_browser(service: Service) -> None:
    for event in (
        local_event("GET", "/health"),
        local_event("GET", "/nowhere"),
        local_event("POST", "/v1/speech", {"text": ""}),
        local_event("GET", "/v1/models"),
    ):
        headers = service.answer(event).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_the_page_of_the_api_may_load_what_it_needs_and_nothing_else(service: Service) -> None:
    policy = service.answer(local_event("GET", "/docs")).headers["content-security-policy"]
    assert "https://cdn.jsdelivr.net" in policy
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy


def test_over_https_browsers_are_told_to_stay_there(service: Service) -> None:
    assert "max-age" in service.answer(http_event("GET", "/health")).headers["strict-transport-security"]
    assert "strict-transport-security" not in service.answer(local_event("GET", "/health")).headers


def test_a_page_may_ask_before_it_sends_a_key(service: Service) -> None:
    asked = PREFLIGHT | {"access-control-request-headers": "authorization, content-type"}
    answer = service.answer(http_event("OPTIONS", "/v1/speech", headers=asked))
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()


def test_a_page_may_read_errors_and_what_is_left(service: Service) -> None:
    headers = service.answer(http_event("GET", "/v1/models", headers={"origin": "https://page.example"})).headers
    assert headers["access-control-allow-origin"] == "*"
    exposed = headers["access-control-expose-headers"]
    assert all(name in exposed for name in ("retry-after", "x-request-id", "x-ratelimit-remaining-requests"))
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(("origin", "allowed"), [("https://mine.example", True), ("https://other.example", False)])
def test_the_operator_may_name_whose_pages(tmp_path: Path, origin: str, allowed: bool) -> None:
    settings = Settings(
        server=ServerSettings(cors_origins=("https://mine.example",)), cache=CacheSettings(directory=tmp_path)
    )
    ask = LambdaAdapter(create_app(build(settings, backends={"fake": FakeBackend("fake")})))
    headers = ask(http_event("OPTIONS", "/v1/speech", headers=PREFLIGHT | {"origin": origin}), None)["headers"]
    assert (headers.get("access-control-allow-origin") == origin) is allowed
