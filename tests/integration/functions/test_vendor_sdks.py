"""A vendor's SDK is loaded by the first call of that vendor, and by nothing before."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.fakes.openai import FakeOpenAI
from tests.fakes.speech import hum

ROOT = Path(__file__).parents[3]
SPEAK_AND_REPORT = """
import asyncio, json, sys
from danmu_tts.bootstrap import container
from danmu_tts.domain.speech import SpeechRequest

def loaded():
    return [name for name in ("aiohttp", "azure", "boto3", "edge_tts", "httpx2", "openai") if name in sys.modules]

async def main():
    built = container()
    before = loaded()
    await built.speak.speak(SpeechRequest("hello there", backend="piper"))
    local = loaded()
    if "openai" in built.backends.names:
        await built.speak.speak(SpeechRequest("hello there", voice="openai:alloy"))
    print(json.dumps([before, local, loaded()]))
    await built.backends.close()

asyncio.run(main())
"""


def loaded(tmp_path: Path, **settings: str) -> list[list[str]]:
    """What is loaded when the container is built, when Piper has spoken, and when OpenAI has."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers" / "core")]),
        "DANMU_TTS_CACHE__DIRECTORY": str(tmp_path / "cache"),
        "DANMU_TTS_LOGGING__LEVEL": "ERROR",
    }
    done = subprocess.run(
        [sys.executable, "-c", SPEAK_AND_REPORT],
        check=True,
        cwd=tmp_path,
        env=environment | settings,
        capture_output=True,
    )
    report: list[list[str]] = json.loads(done.stdout)
    return report


def test_a_vendor_that_is_off_is_never_loaded(tmp_path: Path) -> None:
    assert loaded(tmp_path) == [[], [], []]


def test_a_vendor_that_is_on_is_loaded_with_its_first_call(tmp_path: Path) -> None:
    with FakeOpenAI(hum) as vendor:
        before, local, called = loaded(
            tmp_path,
            DANMU_TTS_TTS__BACKENDS="piper,openai",
            DANMU_TTS_OPENAI__API_KEY="key",
            DANMU_TTS_OPENAI__VOICES="alloy",
            DANMU_TTS_OPENAI__BASE_URL=vendor.base_url,
        )
    assert (before, local) == ([], [])
    assert "openai" in called
    assert not {"azure", "boto3", "edge_tts"} & {*called}
