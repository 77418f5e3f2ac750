"""XTTS on one machine: the program with its own SQS and S3, and a GPU service in a process of its own beside it."""

import io
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import soundfile
from websockets.asyncio.client import connect

from danmu_tts.client import Client
from tests.e2e.program import Server, make_key
from tests.e2e.websocket_line import Line
from tests.servers.gpu_worker import GpuWorker, build_checkpoint
from tests.servers.process import free_port

pytestmark = pytest.mark.xtts

# A checkpoint that was never trained says anything for a text, so texts are short: how long they take nobody knows.
VOICE = "xtts:ana-florence"
LIMIT_S = 60


class Xtts:
    """The two processes."""

    def __init__(self, server: Server, worker: GpuWorker) -> None:
        self.server = server
        self.worker = worker
        self.client = httpx.Client(base_url=server.base_url, timeout=LIMIT_S, trust_env=False)

    def ended(self, job: dict[str, Any]) -> dict[str, Any]:
        """Wait for the end of a job."""
        give_up_at = time.monotonic() + LIMIT_S
        state = job
        while state["status"] == "queued":
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
            state = self.client.get(f"/v1/speech/{job['id']}").raise_for_status().json()
        return state

    def line(self) -> connect:
        return connect(f"{self.server.base_url.replace('http', 'ws', 1)}/ws", proxy=None)


@pytest.fixture(scope="module")
def xtts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Xtts]:
    checkpoint = build_checkpoint(tmp_path_factory.mktemp("checkpoint"))
    port = free_port()
    settings = {"DANMU_TTS_XTTS__ENABLED": "true", "DANMU_TTS_XTTS__LOCAL_PORT": str(port)}
    server = Server(tmp_path_factory.mktemp("xtts-server"), **settings)
    server.start()
    try:
        with GpuWorker(tmp_path_factory.mktemp("worker"), checkpoint, f"http://127.0.0.1:{port}") as worker:
            both = Xtts(server, worker)
            yield both
            both.client.close()
        assert server.stop() == 0, server.log
        assert "Traceback" not in server.log
    finally:
        server.kill()


def seconds(audio: bytes) -> float:
    samples, rate_hz = soundfile.read(io.BytesIO(audio))
    return float(len(samples) / rate_hz)


def test_a_voice_of_xtts_is_answered_202_and_then_by_a_url(xtts: Xtts) -> None:
    answer = xtts.client.post("/v1/speech", json={"text": "Good evening!", "voice": VOICE})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/v1/speech/{job['id']}"
    assert (job["status"], job["voice"]) == ("queued", VOICE)
    state = xtts.ended(job)
    assert (state["status"], state["id"], state["voice"], state["fallback_from"]) == ("done", job["id"], VOICE, None)
    audio = xtts.client.get(state["audio"]["url"]).raise_for_status().content
    assert seconds(audio) == pytest.approx(state["audio"]["duration_ms"] / 1000, abs=0.1)


def test_what_was_spoken_once_is_answered_at_once(xtts: Xtts) -> None:
    asked = {"text": "Good morning!", "voice": VOICE}
    xtts.ended(xtts.client.post("/v1/speech", json=asked).json())
    again = xtts.client.post("/v1/speech", json=asked)
    assert (again.status_code, again.json()["cached"]) == (200, "memory")


async def test_over_a_websocket_it_is_pushed(xtts: Xtts) -> None:
    async with xtts.line() as connection:
        line = Line(connection)
        heard = await line.speak("Welcome to you all.", voice=VOICE)
        assert await line.is_quiet()
    accepted, audio, done = heard.frames
    assert (accepted["type"], audio["type"], audio["final"]) == ("accepted", "audio", True)
    assert (done["type"], done["voice"], done.get("fallback_from")) == ("done", VOICE, None)
    sound = xtts.client.get(audio["url"]).raise_for_status().content
    assert len(sound) == done["bytes"]


async def test_a_client_that_comes_back_over_another_connection_hears_it(xtts: Xtts) -> None:
    url = f"{xtts.server.base_url.replace('http', 'ws', 1)}/ws?client=client-of-sixteen-letters"
    async with connect(url, proxy=None) as first:
        line = Line(first)
        assert (await line.ask("speak", id="lost", text="I am back soon.", voice=VOICE))["type"] == "accepted"
        line.cut()
    async with connect(url, proxy=None) as second:
        back = Line(second)
        await back.send("resume", speaks=[{"id": "lost", "seq": 0}])
        heard = await back.rest("lost")
    assert heard.end["type"] == "done"
    assert heard.end["voice"] == VOICE


async def test_our_own_client_needs_not_know_of_it(xtts: Xtts) -> None:
    async with Client(xtts.server.base_url) as client:
        spoken = await client.speak("Thanks for the gifts.", voice=VOICE)
    assert spoken.done.voice == VOICE
    assert seconds(spoken.audio) > 0.2


def test_openais_contract_waits_for_it(xtts: Xtts) -> None:
    asked = {"model": "auto", "voice": VOICE, "input": "See you tomorrow.", "response_format": "wav"}
    answer = xtts.client.post("/v1/audio/speech", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-voice"] == VOICE
    assert seconds(answer.content) > 0.2


def test_a_job_is_let_be(xtts: Xtts) -> None:
    xtts.worker.pause()
    try:
        job = xtts.client.post("/v1/speech", json={"text": "Never mind, it was nothing.", "voice": VOICE}).json()
        assert xtts.client.delete(f"/v1/speech/{job['id']}").json()["status"] == "cancelled"
    finally:
        xtts.worker.resume()
    assert xtts.client.get(f"/v1/speech/{job['id']}").json()["status"] == "cancelled"


def test_a_caller_speaks_by_his_own_voice_and_nobody_else_does(xtts: Xtts) -> None:
    wav = xtts.client.post(
        "/v1/audio/speech",
        json={
            "model": "auto",
            "voice": "piper:en_US-joe-medium",
            "input": "This is how I sound when I talk to all of you, every evening, about this and about that.",
            "response_format": "wav",
        },
    ).content
    owner, stranger = ({"authorization": f"Bearer {make_key(xtts.server.home)}"} for _ in range(2))
    wish = {
        "name": "Joe",
        "content_type": "audio/wav",
        "bytes": len(wav),
        "consent": True,
        "consent_text": "Joe agreed on 2026-11-28 that his voice speaks in this stream.",
    }
    made = xtts.client.post("/v1/voices/xtts", json=wish, headers=owner)
    assert made.status_code == 201, made.text
    form = made.json()["upload"]
    sent = httpx.post(form["url"], data=form["fields"], files={"file": ("joe.wav", wav, "audio/wav")}, trust_env=False)
    assert sent.is_success, sent.text
    checked = xtts.client.post(f"/v1/voices/xtts/{made.json()['id']}/check", headers=owner)
    assert checked.json()["status"] == "ready", checked.text

    voice = made.json()["voice"]
    asked = {"text": "And this is me.", "voice": voice}
    job = xtts.client.post("/v1/speech", json=asked, headers=owner)
    assert job.status_code == 202, job.text
    for _ in range(LIMIT_S * 20):
        state = xtts.client.get(f"/v1/speech/{job.json()['id']}", headers=owner).json()
        if state["status"] != "queued":
            break
        time.sleep(0.05)
    assert (state["status"], state["voice"], state["fallback_from"]) == ("done", voice, None)
    refused = xtts.client.post("/v1/speech", json=asked, headers=stranger)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "voice_not_found")
    assert xtts.client.get(f"/v1/speech/{job.json()['id']}", headers=stranger).status_code == 404


async def test_where_the_gpu_is_gone_another_voice_speaks_before_the_deadline(xtts: Xtts) -> None:
    """The last one: a worker takes long to come back."""
    xtts.worker.stop()
    asked = {"text": "Is anybody there to hear me?", "voice": VOICE, "deadline_ms": 8000}
    answer = xtts.client.post("/v1/speech", json=asked)
    assert answer.status_code == 202
    async with xtts.line() as connection:
        heard = await Line(connection).speak("Or is there nobody to speak?", voice=VOICE, deadline_ms=8000)
    assert heard.end["fallback_from"] == VOICE
    state = xtts.ended(answer.json())
    assert (state["status"], state["backend"], state["fallback_reason"]) == ("done", "piper", "timeout")
    assert state["timings"]["total_ms"] < 8000
