"""The program with a vendor that can be made to fail: what an API user and an operator see of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.hearing import Listener, word_error_rate
from tests.e2e.program import Server
from tests.fakes.openai import FakeOpenAI
from tests.fakes.speech import piper_speech
from tests.fakes.vendor import Fault

LINE = "Welcome to the stream, it is nice to see you all tonight."
INSTRUCTED = "Follow this."


@pytest.fixture(scope="module")
def vendor() -> Iterator[FakeOpenAI]:
    for text in (LINE, INSTRUCTED):  # or their first words would come too late from a machine with much else to do
        piper_speech(text, 1.0)
    with FakeOpenAI(piper_speech) as vendor:
        yield vendor


@pytest.fixture(scope="module")
def server(vendor: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(
        tmp_path_factory.mktemp("fallback"),
        DANMU_TTS_TTS__BACKENDS="openai,piper,edge,azure",
        DANMU_TTS_OPENAI__BASE_URL=vendor.base_url,
        DANMU_TTS_OPENAI__API_KEY="key",
        DANMU_TTS_OPENAI__SILENCE_LIMIT_MS="4000",
    )
    server.start()
    yield server
    assert server.stop() == 0, server.log


@pytest.fixture
def client(vendor: FakeOpenAI, server: Server) -> Iterator[httpx.Client]:
    vendor.reset()
    with httpx.Client(base_url=server.base_url, timeout=60) as client:
        yield client


def speech(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/v1/speech", json=body).raise_for_status().json()
    return answer


def backends(client: httpx.Client) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in client.get("/v1/backends").raise_for_status().json()["backends"]}


def test_a_vendor_is_understood_by_a_listener(client: httpx.Client, tmp_path: Path) -> None:
    answer = speech(client, text=LINE, voice="openai:nova")
    assert (answer["backend"], answer["fallback_from"], answer["fallback_reason"]) == ("openai", None, None)
    heard = Listener(tmp_path).hear(client.get(answer["audio"]["url"]).content, "en")
    assert word_error_rate([LINE], [heard]) <= 0.1


def test_instructions_reach_the_vendor(client: httpx.Client, vendor: FakeOpenAI) -> None:
    body = {"model": "openai", "voice": "nova", "input": INSTRUCTED, "instructions": "like a pirate"}
    assert client.post("/v1/audio/speech", json=body).headers["x-voice"] == "openai:nova"
    assert vendor.received[-1].instructions == "like a pirate"


def test_both_contracts_name_who_should_have_spoken_and_why_not(client: httpx.Client, vendor: FakeOpenAI) -> None:
    vendor.fault = Fault.BAD_INPUT
    answer = speech(client, text="The vendor does not like this.", backend="openai")
    assert answer["backend"] == "piper"
    assert answer["fallback_reason"] == "bad_input"
    assert answer["fallback_from"].startswith("openai:")
    body = {"model": "openai", "input": "Nor does it like that."}
    headers = client.post("/v1/audio/speech", json=body).raise_for_status().headers
    assert (headers["x-voice"].partition(":")[0], headers["x-fallback-reason"]) == ("piper", "bad_input")


def test_a_stalled_vendor_costs_its_silence_and_not_the_answer(client: httpx.Client, vendor: FakeOpenAI) -> None:
    vendor.fault = Fault.STALLED
    answer = speech(client, text="Half of this never comes.", deadline_ms=20_000)
    assert (answer["backend"], answer["fallback_reason"]) == ("piper", "timeout")


def test_a_voice_has_a_sample_and_no_other_voices(client: httpx.Client, vendor: FakeOpenAI) -> None:
    voices = client.get("/v1/audio/voices", params={"backend": "openai"}).json()["voices"]
    sample = next(each["sample"] for each in voices if each["name"] == "onyx")
    answer = client.get(sample).raise_for_status()
    assert (answer.headers["content-type"], answer.headers["x-voice"]) == ("audio/mpeg", "openai:onyx")
    vendor.fault = Fault.BAD_INPUT
    refused = client.get(next(each["sample"] for each in voices if each["name"] == "echo"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "backend_unavailable")
    assert client.get("/v1/audio/voices/openai:nobody/sample").json()["error"]["code"] == "voice_not_found"


def test_an_operator_sees_who_is_off_and_what_is_missing(client: httpx.Client, server: Server) -> None:
    seen = backends(client)
    assert list(seen) == ["openai", "piper", "edge", "azure"]
    assert {seen[name]["status"] for name in ("edge", "azure")} == {"disabled"}
    assert "DANMU_TTS_EDGE__ENABLED=true" in seen["edge"]["detail"]
    assert "DANMU_TTS_AZURE__KEY" in seen["azure"]["detail"]
    health = client.get("/health/detailed").json()
    assert health["status"] in ("ok", "degraded")
    assert health["backends"]["azure"]["status"] == "disabled"


def test_asking_for_a_backend_that_is_off_says_how_to_switch_it_on(client: httpx.Client) -> None:
    for asked in ({"backend": "azure"}, {"voice": "azure:zh-CN-XiaoxiaoNeural"}):
        refused = client.post("/v1/speech", json={"text": "hello", **asked})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "backend_unavailable")
        assert "DANMU_TTS_AZURE__KEY" in refused.json()["error"]["message"]
        assert "retry-after" not in refused.headers


def test_failures_are_counted(client: httpx.Client) -> None:
    figures = client.get("/metrics").text
    assert 'tts_backend_attempts_total{backend="openai",outcome="bad_input"}' in figures
    assert 'tts_fallbacks_total{spoken="piper",wanted="openai"}' in figures


def test_a_vendor_that_limits_us_is_left_alone_as_long_as_it_asks(client: httpx.Client, vendor: FakeOpenAI) -> None:
    vendor.fault, vendor.retry_after_s = Fault.RATE_LIMITED, 60
    assert speech(client, text="One too many.")["fallback_reason"] == "rate_limited"
    asked = vendor.requests
    assert speech(client, text="And another one.")["backend"] == "piper"
    assert vendor.requests == asked
    seen = backends(client)["openai"]
    assert (seen["status"], seen["circuit"]) == ("unavailable", "open")
