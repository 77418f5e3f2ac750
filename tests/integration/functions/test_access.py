"""Who may call what, through the real application and API Gateway's events."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fastapi.routing import iter_route_contexts

from danmu_tts import process_loop
from danmu_tts.domain.access import ANONYMOUS, KeyRecord, Scope
from functions.rest_api.app import OPEN_PATHS, create_app
from tests.builders.access import a_key, a_record
from tests.builders.http_event import http_event, local_event
from tests.builders.rest_service import MODELS, OPENAI_SPEECH, ROUTES, SAMPLE, SPEECH, Call, Service, bearer


def all_routes(service: Service) -> Iterator[tuple[str, str]]:
    """Every method and path that the application answers, whatever it was made with."""
    for route in iter_route_contexts(create_app(service.container).routes):
        assert route.path is not None, route
        for method in route.methods or {"GET"}:
            yield method, route.path


def test_every_route_knows_who_asks_or_is_open_on_purpose(service: Service) -> None:
    undecided, found = [], set()
    for method, path in all_routes(service):
        found.add(path)
        status = service.answer(http_event(method, re.sub(r"\{[a-z_]+\}", "x", path))).status
        if (status == 401) is (path in OPEN_PATHS):
            undecided.append((method, path, status))
    assert undecided == []
    assert found >= OPEN_PATHS
    assert len(found) >= len(OPEN_PATHS) + len(ROUTES)


@pytest.mark.parametrize("scope", Scope)
def test_every_route_takes_the_scope_that_it_needs_and_no_other(service: Service, scope: Scope) -> None:
    key = service.key(scope)
    for call, needed in ROUTES:
        answer = service.answer(http_event(*call, headers=bearer(key)))
        if needed in (None, scope) or scope is Scope.ADMIN:
            assert (answer.status, answer.code) == (200, None), call
        else:
            assert (answer.status, answer.code) == (403, "forbidden"), call
            assert str(needed) in answer.message


def test_without_a_credential_the_caller_is_told_what_to_send(service: Service) -> None:
    for call, _ in ROUTES:
        answer = service.answer(http_event(*call))
        assert (answer.status, answer.code) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "danmu-tts keys create" in answer.message


def test_a_refused_caller_is_not_told_what_is_wrong_with_the_request(service: Service) -> None:
    assert service.answer(http_event("POST", "/v1/speech", {"text": ""})).status == 401
    assert service.answer(http_event("GET", "/v1/models/nobody")).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        lambda key: {"authorization": f"Bearer {key}"},
        lambda key: {"authorization": f"bearer   {key}"},
        lambda key: {"Authorization": f"BEARER {key}"},
        lambda key: {"x-api-key": key},
        lambda key: {"X-API-Key": key},
    ],
)
def test_a_key_is_taken_from_either_header(service: Service, headers: Callable[[str], dict[str, str]]) -> None:
    assert service.answer(http_event(*MODELS, headers=headers(service.key(Scope.LISTEN)))).status == 200


MALFORMED = {
    "two bearers": lambda key: {"authorization": f"Bearer {key},Bearer {key}"},
    "two keys": lambda key: {"x-api-key": f"{key},{key}"},
    "both headers": lambda key: {"authorization": f"Bearer {key}", "x-api-key": key},
    "another scheme": lambda key: {"authorization": f"Basic {key}"},
    "no scheme": lambda key: {"authorization": key},
    "nothing": lambda key: {"authorization": ""},
    "no credential": lambda key: {"authorization": "Bearer"},
    "a space": lambda key: {"authorization": "Bearer "},
    "an empty key": lambda key: {"x-api-key": ""},
    "words after it": lambda key: {"authorization": f"Bearer {key} {key}"},
    "Latin-1": lambda key: {"authorization": f"Bearer {key[:-1]}é"},
    "NUL": lambda key: {"authorization": f"Bearer {key[:-1]}\0"},
    "a newline": lambda key: {"x-api-key": f"{key}\n"},
    "a megabyte": lambda key: {"authorization": "Bearer " + "a" * 1_000_000},
    "a megabyte of key": lambda key: {"x-api-key": key * 20_000},
    "a megabyte of spaces": lambda key: {"authorization": "Bearer" + " " * 1_000_000 + ","},
    "half a key": lambda key: {"authorization": f"Bearer {key[:30]}"},
    "three parts": lambda key: {"authorization": "Bearer a.b.c"},
}  # fmt: skip


@pytest.mark.parametrize("headers", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_headers_are_unauthorized(service: Service, headers: Callable[[str], dict[str, str]]) -> None:
    answer = service.answer(http_event(*MODELS, headers=headers(service.key(Scope.ADMIN))))
    assert (answer.status, answer.code) == (401, "unauthorized")
    assert len(answer.message) < 300


def test_a_header_beyond_latin_1_is_unauthorized(service: Service) -> None:
    event = http_event(*MODELS)
    event["headers"]["authorization"] = "Bearer danmu_弹幕"
    assert service.answer(event).status == 401


@pytest.mark.parametrize(
    "record",
    [replace(a_record(), revoked_at=1), replace(a_record(), expires_at=1), a_record(1)],
    ids=["revoked", "expired", "another secret"],
)
def test_a_key_that_is_not_good_is_unauthorized_from_anywhere(service: Service, record: KeyRecord) -> None:
    service.keep(replace(record, id=a_key().id))
    for event in (http_event, local_event):
        answer = service.answer(event(*MODELS, headers=bearer(str(a_key()))))
        assert (answer.status, answer.code) == (401, "unauthorized")


def test_a_key_that_expires_later_is_good(service: Service) -> None:
    service.keep(replace(a_record(), expires_at=int(time.time()) + 3600))
    assert service.answer(http_event(*MODELS, headers=bearer(str(a_key())))).status == 200


def test_a_rotated_key_is_good_by_its_new_secret_only(service: Service) -> None:
    old = service.key(Scope.SPEAK)
    new = str(process_loop.run(service.container.access.rotate(old)).text)
    assert service.answer(http_event(*SPEECH, headers=bearer(old))).status == 401
    assert service.answer(http_event(*SPEECH, headers=bearer(new))).status == 200


def test_a_broken_record_is_an_unknown_key(service: Service) -> None:
    service.keep(a_record())
    (path,) = service.keys.iterdir()
    path.write_text("{")
    assert service.answer(http_event(*MODELS, headers=bearer(str(a_key())))).status == 401


def test_a_store_that_is_away_is_said_with_a_time_to_try_again(service: Service) -> None:
    service.keys.write_text("a file where the folder should be")
    answer = service.answer(http_event(*MODELS, headers=bearer(str(a_key()))))
    assert (answer.status, answer.code) == (503, "backend_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert str(service.keys) not in answer.message


def test_a_room_token_opens_what_needs_no_scope_and_nothing_else(service: Service) -> None:
    token = service.token()
    assert service.answer(http_event(*MODELS, headers=bearer(token))).status == 200
    for call, needed in ROUTES:
        if needed:
            answer = service.answer(http_event(*call, headers=bearer(token)))
            assert (answer.status, answer.code) == (403, "forbidden")


def test_a_token_that_was_changed_is_unauthorized_from_anywhere(service: Service) -> None:
    header, claims, signature = service.token().split(".")
    for changed in (f"{header}.{claims}.", f"{header}.{claims[:-2]}xx.{signature}", f"eyJhbGciOiJub25lIn0.{claims}."):
        for event in (http_event, local_event):
            assert service.answer(event(*MODELS, headers=bearer(changed))).status == 401


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_whoever_may_speak_may_ask_for_jobs_and_hears_of_his_own(service: Service, method: str) -> None:
    call = (method, "/v1/speech/of-somebody-else")
    assert service.answer(http_event(*call, headers=bearer(service.key(Scope.LISTEN)))).status == 403
    answer = service.answer(http_event(*call, headers=bearer(service.key(Scope.SPEAK))))
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("request_of", [SPEECH, OPENAI_SPEECH, SAMPLE])
def test_the_service_hears_who_asks(service: Service, request_of: Call) -> None:
    key = service.key(Scope.SPEAK, requests_per_minute=60, monthly_usd=1.5)
    service.answer(http_event(*request_of, headers=bearer(key)))
    service.answer(local_event(*request_of))
    known, anonymous = (request.principal for request in service.asked)
    assert known.key_id == key.split("_")[1]
    assert (known.requests_per_minute, known.monthly_usd, known.scopes) == (60, 1.5, frozenset({Scope.SPEAK}))
    assert anonymous == ANONYMOUS


def test_the_description_says_how_to_authorize(service: Service) -> None:
    described = create_app(service.container).openapi()
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for path, operations in described["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) is (path not in OPEN_PATHS), path
