"""The whole template on an emulator of AWS: speech by REST, rooms, and jobs of XTTS."""

import asyncio
import io
import time
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
import soundfile

from tests.e2e.conftest import OnEmulator
from tests.e2e.websocket_targets import Target
from tests.infrastructure.policies import action_of, resource_of, statements_in
from tests.servers.deployment import read
from tests.servers.emulator import ROOT
from tests.servers.gpu_worker import GpuWorker, build_checkpoint

pytestmark = pytest.mark.aws

VOICE = "xtts:ana-florence"
LIMIT_S = 60
JOBS = ROOT / "infra/aws/roles_jobs.yaml"


@pytest.fixture(scope="session")
def api(on_emulator: OnEmulator) -> Iterator[httpx.Client]:
    """The HTTP API, asked with the operator's key."""
    headers = {"authorization": f"Bearer {on_emulator.key}"}
    with httpx.Client(base_url=on_emulator.deployed.url, headers=headers, timeout=LIMIT_S, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def worker(on_emulator: OnEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GpuWorker]:
    """A GPU of one's own, which knows of AWS the queues and the bucket."""
    checkpoint = build_checkpoint(tmp_path_factory.mktemp("checkpoint"))
    prefix = on_emulator.deployed.queue_prefix
    settings = {
        "DANMU_TTS_GPU__BUCKET": on_emulator.deployed.bucket,
        "DANMU_TTS_GPU__EXPRESS_QUEUE": f"{prefix}-express",
        "DANMU_TTS_GPU__STANDARD_QUEUE": f"{prefix}-standard",
        "DANMU_TTS_GPU__RESULTS_QUEUE": f"{prefix}-results",
        **on_emulator.emulator.recording("gpu_worker"),
    }
    folder = tmp_path_factory.mktemp("worker")
    with GpuWorker(folder, checkpoint, on_emulator.emulator.url, **settings) as started:
        yield started


def ended(api: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    give_up_at = time.monotonic() + LIMIT_S
    while job["status"] == "queued":
        assert time.monotonic() < give_up_at
        time.sleep(0.1)
        job = api.get(f"/v1/speech/{job['id']}").raise_for_status().json()
    return job


def seconds(audio: bytes) -> float:
    samples, rate_hz = soundfile.read(io.BytesIO(audio))
    return float(len(samples) / rate_hz)


def test_pages_are_open_and_everything_else_wants_a_key(api: httpx.Client) -> None:
    with httpx.Client(base_url=api.base_url, timeout=LIMIT_S, trust_env=False) as stranger:
        assert stranger.get("/health").json()["status"] == "ok"
        for page in ("/", "/overlay/my-room", "/console/my-room", "/web/page.js", "/docs", "/openapi.json"):
            assert stranger.get(page).status_code == 200, page
        for closed in ("/v1/models", "/health/detailed", "/v1/rooms/my-room", "/v1/audio/voices"):
            assert stranger.get(closed).status_code in (401, 403), closed
            assert api.get(closed).status_code == 200, closed


def test_piper_speaks_from_a_function_of_its_own(api: httpx.Client) -> None:
    asked = {"model": "auto", "voice": "alloy", "input": "Hello chat, nice to see you all!", "response_format": "wav"}
    answer = api.post("/v1/audio/speech", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-voice"] == "piper:en_US-joe-medium"
    assert seconds(answer.content) > 1


def test_an_openai_client_speaks(on_emulator: OnEmulator) -> None:
    with openai.OpenAI(base_url=f"{on_emulator.deployed.url}/v1", api_key=on_emulator.key) as client:
        spoken = client.audio.speech.create(model="tts-1", voice="nova", input="Welcome back!", response_format="mp3")
    assert seconds(spoken.content) > 0.3


def test_audio_lies_in_the_bucket_and_is_fetched_by_a_presigned_url(api: httpx.Client, on_emulator: OnEmulator) -> None:
    asked = {"text": "Good night, everybody.", "captions": True}
    answer = api.post("/v1/speech", json=asked).raise_for_status().json()
    assert on_emulator.deployed.bucket in answer["audio"]["url"]
    audio = httpx.get(answer["audio"]["url"], trust_env=False).raise_for_status().content
    assert len(audio) == answer["audio"]["bytes"]
    assert [each["text"] for each in answer["captions"]] == ["Good night,", "everybody."]


def test_what_one_function_made_another_has_from_the_cache(api: httpx.Client, emulator_target: Target) -> None:
    text = "Nobody says this twice."
    api.post("/v1/speech", json={"text": text}).raise_for_status()

    async def again() -> Any:
        async with emulator_target.line() as line:
            return (await line.speak(text)).end

    assert asyncio.run(again())["cached"] in ("redis", "s3")


def test_danmu_that_a_bot_posts_are_heard_over_a_websocket(api: httpx.Client, emulator_target: Target) -> None:
    async def heard() -> dict[str, Any]:
        async with emulator_target.line() as line:
            assert (await line.ask("listen", room="aws-room", role="player"))["type"] == "listening"
            event = {"id": "m1", "viewer": "u1", "name": "Ann", "text": "What a lovely song"}
            posted = await asyncio.to_thread(api.post, "/v1/rooms/aws-room/danmu", json={"events": [event]})
            assert posted.json()["outcomes"][0]["outcome"] == "queued", posted.text
            while True:
                await line.send("ready", room="aws-room", buffered_ms=0, credits=1)
                while (frame := await line.receive())["type"] not in ("waiting", "utterance"):
                    pass
                if frame["type"] == "utterance":
                    return frame

    utterance = asyncio.run(heard())
    assert (utterance["id"], utterance["original"]) == ("m1", "What a lovely song")


def test_a_job_goes_to_a_gpu_and_comes_back(api: httpx.Client, worker: GpuWorker) -> None:
    answer = api.post("/v1/speech", json={"text": "Good evening!", "voice": VOICE})
    assert answer.status_code == 202, answer.text
    state = ended(api, answer.json())
    assert (state["status"], state["voice"], state["fallback_from"]) == ("done", VOICE, None)
    audio = httpx.get(state["audio"]["url"], trust_env=False).raise_for_status().content
    assert seconds(audio) == pytest.approx(state["audio"]["duration_ms"] / 1000, abs=0.1)


async def test_a_job_is_pushed_over_a_websocket(emulator_target: Target, worker: GpuWorker) -> None:
    async with emulator_target.line() as line:
        heard = await line.speak("Welcome to you all.", voice=VOICE)
    assert (heard.end["type"], heard.end["voice"], heard.end.get("fallback_from")) == ("done", VOICE, None)


def test_the_worker_may_do_what_it_does(on_emulator: OnEmulator, worker: GpuWorker) -> None:
    prefix = on_emulator.deployed.queue_prefix
    done = {
        (action_of(each), resource_of(each, prefix))
        for each in on_emulator.emulator.calls
        if each["function"] == "gpu_worker"
    }
    statements = statements_in(read(JOBS)["Resources"]["GpuWorker"]["Properties"]["PolicyDocument"])
    used = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:SendMessage", "s3:PutObject"}
    assert {action for action, _ in done} >= used
    for action, resource in done:
        assert any(each.covers(action, resource) for each in statements), (action, resource)


def test_where_the_gpu_is_gone_another_voice_ends_the_job(api: httpx.Client, worker: GpuWorker) -> None:
    """The last one: a worker takes long to come back."""
    worker.stop()
    asked = {"text": "Is anybody there to hear me?", "voice": VOICE, "deadline_ms": 8000}
    state = ended(api, api.post("/v1/speech", json=asked).json())
    assert (state["status"], state["backend"], state["fallback_reason"]) == ("done", "piper", "timeout")
