import asyncio
import json
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import numpy as np
import pytest

from gpu_service.bootstrap import Service, build_parts, build_web_production
from gpu_service.clock import SystemClock
from gpu_service.ports import Line
from gpu_service.watch import Watch
from gpu_service.web import MOST_BODY_BYTES, make_app, started
from speech_contract.jobs import JobResult, SpeechJob, audio_key
from tests.builders.jobs import speech_job
from tests.builders.until import until
from tests.fakes.xtts_engine import FakeXttsEngine
from tests.gpu_service.cloud import Cloud

_JSON = {"Content-Type": "application/json"}


class Endpoint(httpx.AsyncClient):
    """The web server, asked in this process."""

    def __init__(self, cloud: Cloud, engine: FakeXttsEngine) -> None:
        self.cloud = cloud
        self.engine = engine
        self.watch = Watch(SystemClock(), 60)
        self.service = Service(cloud.settings(most_rows=4))
        self.parts = build_parts(self.service, engine, cloud.s3, self.watch)
        self.production = build_web_production(self.service, self.parts, cloud.results_queue())
        app = make_app(self.service, self.parts, self.production)
        super().__init__(transport=httpx.ASGITransport(app), base_url="http://endpoint")

    async def invoke(self, job: SpeechJob | dict[str, Any] | bytes, **headers: str) -> httpx.Response:
        if isinstance(job, SpeechJob):
            body = job.model_dump_json().encode()
        else:
            body = job if isinstance(job, bytes) else json.dumps(job).encode()
        return await self.post("/invocations", content=body, headers=_JSON | headers)


@pytest.fixture
async def endpoint(cloud: Cloud) -> AsyncIterator[Endpoint]:
    async with Endpoint(cloud, FakeXttsEngine()) as client:
        with started(client.parts, client.production, grace_s=10):
            yield client


async def test_ping_is_200_only_when_it_is_warm_and_well(endpoint: Endpoint) -> None:
    assert (await endpoint.get("/ping")).status_code == 503
    endpoint.watch.loaded()
    assert (await endpoint.get("/ping")).status_code == 200
    endpoint.watch.broken()
    assert (await endpoint.get("/ping")).status_code == 503


async def test_a_job_is_answered_as_the_consumer_does_and_by_http(endpoint: Endpoint) -> None:
    job = speech_job("一二三四五")
    answer = await endpoint.invoke(job)
    result = JobResult.model_validate_json(answer.content)
    assert answer.status_code == 200
    assert result.audio
    assert result.audio.key == audio_key(job.id)
    assert endpoint.cloud.audio(result.audio.key).startswith(b"RIFF")
    assert endpoint.cloud.results(1) == [result]


async def test_what_cannot_be_said_is_a_result_too(endpoint: Endpoint) -> None:
    result = JobResult.model_validate_json((await endpoint.invoke(speech_job(speaker="nobody"))).content)
    assert (result.reason, result.audio) == ("unknown_voice", None)


async def test_concurrent_invocations_are_made_together(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpu_service.bootstrap._GATHER_S", 20)  # a full batch waits no longer
    async with Endpoint(cloud, engine := FakeXttsEngine()) as client:
        with started(client.parts, client.production, grace_s=10):
            first = asyncio.create_task(client.invoke(speech_job()))
            await until(lambda: client.production.waiting.count("direct") or engine.batches)
            answers = await asyncio.gather(first, *(client.invoke(speech_job()) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert [len(batch) for batch in engine.batches] == [4]


@pytest.mark.parametrize(
    ("accept", "kind"), [("audio/pcm", "audio/pcm;rate=24000;channels=1"), ("audio/wav", "audio/wav")]
)
async def test_audio_that_is_asked_for_is_streamed(endpoint: Endpoint, accept: str, kind: str) -> None:
    answer = await endpoint.invoke(speech_job("一二三"), Accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    body = answer.content[44:] if accept == "audio/wav" else answer.content
    assert len(np.frombuffer(body, "<i2")) == 3 * 480
    assert "content-length" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [({"speaker": "nobody"}, 400, "unknown_voice"), ({"expires_at_ms": 1}, 504, "expired")],
)
async def test_a_stream_that_cannot_begin_is_an_error(
    endpoint: Endpoint, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = await endpoint.invoke(speech_job(**changes), Accept="audio/pcm")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_a_bad_job_is_told_which_field_and_never_repeated(endpoint: Endpoint) -> None:
    job = json.loads(speech_job().model_dump_json()) | {"tempo": "geheim"}
    answer = await endpoint.invoke(job)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"], error["code"]) == (
        400,
        "invalid_request_error",
        "tempo",
        "invalid_job",
    )
    assert "geheim" not in answer.text


async def test_no_json_and_too_much_of_it_are_refused(endpoint: Endpoint) -> None:
    assert (await endpoint.invoke(b"{")).status_code == 400
    assert (await endpoint.invoke(b" " * (MOST_BODY_BYTES + 1))).status_code == 413
    assert (await endpoint.post("/invocations", content=b"{}")).status_code == 415


async def test_more_than_can_wait_is_refused_at_once(cloud: Cloud) -> None:
    free = threading.Event()

    def take(_: Sequence[Line]) -> None:
        assert free.wait(20)

    async with Endpoint(cloud, FakeXttsEngine(take)) as client:
        with started(client.parts, client.production, grace_s=10):
            calls = [asyncio.create_task(client.invoke(speech_job())) for _ in range(16)]
            done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            refused = done.pop().result()
            free.set()
            await asyncio.wait(calls)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
    assert refused.headers["retry-after"] == "1"
