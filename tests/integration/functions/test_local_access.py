"""Who needs no key, through the real application and API Gateway's events."""

from collections.abc import Callable
from pathlib import Path

import pytest

from danmu_tts.bootstrap import build
from danmu_tts.domain.access import Scope
from danmu_tts.on_lambda import ON_LAMBDA
from danmu_tts.settings import SecuritySettings, Settings
from tests.builders.access import a_key
from tests.builders.fake_backend import FakeBackend
from tests.builders.http_event import http_event, local_event
from tests.builders.rest_service import MODELS, ROUTES, Service, bearer


def test_a_caller_on_this_machine_needs_no_key(service: Service) -> None:
    for call, _ in ROUTES:
        assert service.answer(local_event(*call)).status == 200
        assert service.answer(local_event(*call, headers=bearer("unused"))).status == 200


@pytest.mark.parametrize("credential", [str(a_key()), "danmu_", "a.b.c"])
def test_a_wrong_credential_is_refused_on_this_machine_too(service: Service, credential: str) -> None:
    assert service.answer(local_event(*MODELS, headers=bearer(credential))).status == 401
    assert service.answer(local_event(*MODELS, headers={"x-api-key": credential})).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer unused,Bearer unused"},
        {"x-api-key": "unused,unused"},
        {"authorization": "Bearer unused", "x-api-key": "unused"},
        {"authorization": "Basic dXNlcjpwYXNz"},
    ],
)
def test_malformed_headers_are_refused_on_this_machine_too(service: Service, headers: dict[str, str]) -> None:
    assert service.answer(local_event(*MODELS, headers=headers)).status == 401


@pytest.mark.parametrize(
    ("headers", "source_ip"),
    [
        ({"host": "127.0.0.1:8000"}, "192.168.1.7"),
        ({"host": "192.168.1.2:8000"}, "192.168.1.7"),
        ({"host": "evil.example:8000"}, "127.0.0.1"),
        ({"host": "a b"}, "127.0.0.1"),
        ({"host": ""}, "127.0.0.1"),
        ({"host": "localhost", "x-forwarded-for": "127.0.0.1"}, "127.0.0.1"),
        ({"host": "localhost", "forwarded": "for=127.0.0.1"}, "127.0.0.1"),
        ({"host": "localhost", "origin": "https://evil.example"}, "127.0.0.1"),
    ],
    ids=["LAN", "LAN by address", "DNS rebinding", "unsound host", "no host", "proxy", "another proxy", "foreign page"],
)
def test_whoever_is_not_on_this_machine_needs_a_key(service: Service, headers: dict[str, str], source_ip: str) -> None:
    assert service.answer(http_event(*MODELS, headers=headers, source_ip=source_ip)).status == 401
    key = bearer(service.key(Scope.SPEAK))
    assert service.answer(http_event(*MODELS, headers=headers | key, source_ip=source_ip)).status == 200


def test_a_caller_of_unknown_address_needs_a_key(service: Service) -> None:
    event = local_event(*MODELS)
    event["requestContext"]["http"]["sourceIp"] = ""
    assert service.answer(event).status == 401


def test_keys_on_means_for_everybody(serve: Callable[..., Service]) -> None:
    service = serve("on")
    for headers in ({}, bearer("unused")):
        assert service.answer(local_event(*MODELS, headers=headers)).status == 401
    assert service.answer(local_event(*MODELS, headers=bearer(service.key(Scope.SPEAK)))).status == 200


def test_keys_off_means_for_nobody_but_a_wrong_one_is_still_wrong(serve: Callable[..., Service]) -> None:
    service = serve("off")
    for headers in ({}, bearer("unused")):
        assert service.answer(http_event(*MODELS, headers=headers)).status == 200
    assert service.answer(http_event(*MODELS, headers=bearer(str(a_key())))).status == 401


@pytest.mark.parametrize("api_keys", ["auto", "on", "off"])
def test_on_lambda_everybody_needs_a_key_whatever_the_settings_say(
    serve: Callable[..., Service], monkeypatch: pytest.MonkeyPatch, api_keys: str, tmp_path: Path
) -> None:
    settings = Settings(security=SecuritySettings(api_keys=api_keys, keys_directory=tmp_path / "keys"))
    monkeypatch.setenv(ON_LAMBDA, "danmu-tts-rest-api")
    container = build(settings, backends={"fake": FakeBackend()})
    service = Service(container, tmp_path / "keys", [])
    assert service.answer(local_event(*MODELS)).status == 401
    assert service.answer(http_event(*MODELS, headers=bearer(service.key(Scope.SPEAK)))).status == 200
