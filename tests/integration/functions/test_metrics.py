"""Every function hands on what it counted when an invocation ends, once."""

import json
from pathlib import Path
from typing import Any

import pytest

from danmu_tts import bootstrap, process_loop
from danmu_tts.bootstrap import Container, build
from danmu_tts.on_lambda import ON_LAMBDA
from danmu_tts.settings import (
    CacheSettings,
    MetricsSettings,
    SecuritySettings,
    Settings,
    TtsSettings,
)
from functions.authorizer.handler import handler as authorizer
from functions.job_deadlines.handler import handler as deadlines
from functions.job_results.handler import handler as results
from functions.rest_api.app import create_app
from functions.rest_api.handler import handler as rest
from functions.rest_api.lambda_adapter import LambdaAdapter
from functions.websocket_api.handler import handler as websocket
from infra.local.invocations import LambdaHandler
from tests.builders.fake_backend import FakeBackend
from tests.builders.http_event import http_event, local_event
from tests.builders.logs import logging_restored
from tests.builders.websocket_event import asks_to_connect, handshake, leaves

NO_MESSAGES: dict[str, Any] = {"Records": []}


@pytest.mark.parametrize(
    ("handler", "event"),
    [
        (rest, http_event("GET", "/health")),
        (websocket, leaves(None)),
        (results, NO_MESSAGES),
        (deadlines, NO_MESSAGES),
        (authorizer, asks_to_connect(handshake(local=True))),
    ],
    ids=["rest", "websocket", "results", "deadlines", "authorizer"],
)
def test_each_handler_comes_to_one_end(
    handler: LambdaHandler, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[None] = []
    monkeypatch.setattr(process_loop, "_at_each_end", [lambda: ends.append(None)])
    handler(event, None)
    assert len(ends) == 1


@pytest.mark.parametrize(
    ("emf", "function", "is_on"),
    [("auto", "speak", True), ("auto", "", False), ("on", "", True), ("off", "speak", False)],
)
def test_the_containers_figures_go_out_at_the_end_where_cloudwatch_reads_them(
    emf: str,
    function: str,
    is_on: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(process_loop, "_at_each_end", [])
    monkeypatch.setenv(ON_LAMBDA, function)
    if not function:
        monkeypatch.delenv(ON_LAMBDA)
    monkeypatch.setenv("DANMU_TTS_METRICS__EMF", emf)
    monkeypatch.setenv("DANMU_TTS_TTS__BACKENDS", "none-but-this")

    async def serve() -> Container:
        built: Container = bootstrap.container.__wrapped__()  # type: ignore[attr-defined]
        built.metrics.danmu(outcome="spoken")
        assert "tts_danmu_total" not in capsys.readouterr().out
        return built

    with logging_restored():
        built = process_loop.run(serve())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["tts_danmu_total"] for line in lines] == ([1] if is_on else [])
    assert b'tts_danmu_total{outcome="spoken"} 1.0' in built.metrics.render()[0]


def test_a_request_that_is_spoken_from_the_cache_is_one_line_under_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(
        tts=TtsSettings(backends=()),
        cache=CacheSettings(directory=tmp_path / "cache"),
        security=SecuritySettings(keys_directory=tmp_path / "keys"),
        metrics=MetricsSettings(emf="on"),
    )
    built = build(settings, backends={"fake": FakeBackend()})
    monkeypatch.setattr(process_loop, "_at_each_end", [built.metrics.flush])
    adapter = LambdaAdapter(create_app(built))
    for _ in range(2):
        event = local_event("POST", "/v1/audio/speech", {"model": "auto", "input": "你好"})
        assert adapter(event, None)["statusCode"] == 200
    made, hit = map(json.loads, capsys.readouterr().out.splitlines())
    assert (made["tts_backend_attempts_total"], made["tier"]) == (1, "miss")
    assert hit["request_id"] == event["requestContext"]["requestId"]
    assert (hit["tts_requests_total"], hit["backend"], hit["status"], hit["tier"]) == (1, "fake", "ok", "memory")
    assert "tts_backend_attempts_total" not in hit
