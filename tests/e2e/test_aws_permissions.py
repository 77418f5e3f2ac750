"""What each function may do on AWS is what it does: held against the calls of a run that leaves no way out."""

import asyncio
import io
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from tests.e2e.conftest import OnEmulator
from tests.e2e.websocket_line import Line
from tests.e2e.websocket_targets import Target
from tests.infrastructure.policies import ROLES, action_of, resource_of, statements_of

pytestmark = pytest.mark.aws

LIMIT_S = 60
VOICE = "xtts:ana-florence"
# Statements that no call of ours stands behind in this run, and why they are there.
NOT_RECORDED = {
    "WriteLog": "Lambda writes the log",
    "Trace": "Lambda traces",
    "EnterNetwork": "Lambda itself puts a function into a network",
    "TakeResults": "Lambda reads the queue",
    "TakeDeadlines": "Lambda reads the queue",
    "KnowWhatIsNotThere": "without it an object that is not there is forbidden, and no function asks for a list",
    "EnterCache": "Redis's own protocol; here it is no ElastiCache",
    "AskEndpoint": "only where SageMaker is the GPU",
    "LeaveJob": "only where SageMaker is the GPU",
}
# Actions of recorded statements that only happen when something breaks.
WHEN_IT_BREAKS = {
    (
        "KeepAudio",
        "s3:DeleteObject",
    ): "audio that is not what is known of it; the probe after an outage",
    ("SendJobs", "sqs:GetQueueAttributes"): "asked for the health of the queues, by whoever shows it",
}


@pytest.fixture(scope="module")
def calls(on_emulator: OnEmulator, emulator_target: Target) -> list[dict[str, Any]]:
    """What functions asked of AWS while somebody did everything that can be done."""
    headers = {"authorization": f"Bearer {on_emulator.key}"}
    url = on_emulator.deployed.url
    with httpx.Client(base_url=url, headers=headers, timeout=LIMIT_S, trust_env=False) as api:
        for path in ("/v1/audio/voices", "/health/detailed", "/v1/backends", "/metrics"):
            api.get(path).raise_for_status()
        api.post("/v1/speech", json={"text": "Said by the function."}).raise_for_status()
        api.put("/v1/rooms/r1", json={"language": "en"}).raise_for_status()
        voice = _own_voice(api)
        asyncio.run(_over_websocket(api, on_emulator, emulator_target, voice["voice"]))
        _jobs(api, on_emulator, voice)
        assert api.delete(f"/v1/voices/xtts/{voice['id']}").is_success
    return on_emulator.emulator.calls


def _own_voice(api: httpx.Client) -> dict[str, Any]:
    text = "This is how I sound when I talk to all of you, every evening, about this and about that."
    wav = api.post("/v1/audio/speech", json={"model": "auto", "input": text, "response_format": "wav"}).content
    wish = {
        "name": "Joe",
        "content_type": "audio/wav",
        "bytes": len(wav),
        "consent": True,
        "consent_text": "Joe agreed on 2026-11-28 that his voice speaks in this stream.",
    }
    made = api.post("/v1/voices/xtts", json=wish).raise_for_status().json()
    form = made["upload"]
    files = {"file": ("joe.wav", wav, "audio/wav")}
    httpx.post(form["url"], data=form["fields"], files=files, trust_env=False).raise_for_status()
    assert api.post(f"/v1/voices/xtts/{made['id']}/check").json()["status"] == "ready"
    api.get("/v1/voices/xtts").raise_for_status()
    return dict(made)


def _jobs(api: httpx.Client, on: OnEmulator, voice: Mapping[str, Any]) -> None:
    """One that a GPU ends, and one that its deadline ends."""
    done = api.post("/v1/speech", json={"text": "By a GPU.", "voice": voice["voice"]}).raise_for_status().json()
    _end_a_job(on, done["id"])
    late = api.post("/v1/speech", json={"text": "By nobody.", "voice": voice["voice"], "deadline_ms": 6000}).json()
    for state in (late, done):
        give_up_at = time.monotonic() + LIMIT_S
        while state["status"] == "queued":
            assert time.monotonic() < give_up_at, state
            time.sleep(0.1)
            state = api.get(f"/v1/speech/{state['id']}").json()
        assert state["status"] == "done", state


def _end_a_job(on: OnEmulator, job: str | None = None) -> None:
    """As a GPU does it; where no job is named, the next one that is sent."""
    sqs, prefix = on.emulator.client("sqs"), on.deployed.queue_prefix
    queues = {name: sqs.get_queue_url(QueueName=f"{prefix}-{name}")["QueueUrl"] for name in ("standard", "results")}
    give_up_at = time.monotonic() + LIMIT_S
    while job is None:
        assert time.monotonic() < give_up_at, "nothing was sent"
        answer = sqs.receive_message(QueueUrl=queues["standard"], WaitTimeSeconds=5)
        for message in answer.get("Messages", []):
            sent = json.loads(message["Body"])
            job = sent["id"] if sent["parts"] == ["Over a line."] else None
    sound = io.BytesIO()
    soundfile.write(sound, np.full(22_050, 0.1, np.float32), 22_050, format="WAV", subtype="PCM_16")
    key = f"temp/xtts/{job}.wav"
    on.emulator.client("s3").put_object(Bucket=on.deployed.bucket, Key=key, Body=sound.getvalue())
    audio = {"key": key, "sample_rate_hz": 22_050, "duration_ms": 1000}
    sqs.send_message(QueueUrl=queues["results"], MessageBody=json.dumps({"id": job, "audio": audio}))


async def _over_websocket(api: httpx.Client, on: OnEmulator, target: Target, own_voice: str) -> None:
    async with target.line(additional_headers={"authorization": f"Bearer {on.key}"}) as line:
        await line.speak("Said over the WebSocket.")
        await line.send("speak", id="by-gpu", text="Over a line.", voice=own_voice)
        await asyncio.to_thread(_end_a_job, on)
        assert (await line.rest("by-gpu")).end["type"] == "done"
        await line.speak("By nobody either.", voice=VOICE, deadline_ms=6000)
        assert (await line.ask("listen", room="r2", role="player"))["type"] == "listening"
        events = [{"id": "m1", "viewer": "u1", "text": "Hello from the chat"}]
        await asyncio.to_thread(api.post, "/v1/rooms/r2/danmu", json={"events": events})
        await _until(line, "utterance")
        await asyncio.to_thread(api.delete, "/v1/rooms/r2/danmu/m1")
        await _until(line, "retracted")


async def _until(line: Line, kind: str) -> None:
    while True:
        await line.send("ready", room="r2", buffered_ms=0, credits=1)
        while (frame := await line.receive())["type"] not in ("waiting", kind):
            pass
        if frame["type"] == kind:
            return


@pytest.mark.parametrize("function", ROLES)
def test_a_function_may_do_what_it_does(function: str, calls: list[dict[str, Any]], on_emulator: OnEmulator) -> None:
    statements = statements_of(ROLES[function])
    for call in calls:
        if call["function"] != function:
            continue
        action, resource = action_of(call), resource_of(call, on_emulator.deployed.queue_prefix)
        assert any(each.covers(action, resource) for each in statements), (action, resource)


@pytest.mark.parametrize("function", ROLES)
def test_a_function_may_do_nothing_else(function: str, calls: list[dict[str, Any]], on_emulator: OnEmulator) -> None:
    prefix = on_emulator.deployed.queue_prefix
    done = {(action_of(each), resource_of(each, prefix)) for each in calls if each["function"] == function}
    idle = [
        (each.sid, action)
        for each in statements_of(ROLES[function])
        if each.sid not in NOT_RECORDED
        for action in each.actions
        if (each.sid, action) not in WHEN_IT_BREAKS
        and not any(action == its and each.covers(its, resource) for its, resource in done)
    ]
    assert idle == []
