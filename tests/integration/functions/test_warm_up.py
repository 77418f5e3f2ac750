"""What a process of Lambda has done before its first event; each in an interpreter of its own."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.aws

HANDLERS = ("rest_api", "websocket_api", "authorizer", "job_results", "job_deadlines", "piper_voice")
REPORT = """
import gc, importlib, json, sys

connected = []
sys.addaudithook(lambda name, arguments: connected.append(arguments[1]) if name == "socket.connect" else None)
importlib.import_module("functions." + sys.argv[1] + ".handler")
import danmu_tts.bootstrap as bootstrap

def is_built():
    return any(isinstance(each, bootstrap.Container) for each in gc.get_objects())

before = is_built()
if len(sys.argv) > 2:
    import random, snapshot_restore_py
    for act, arguments, options in snapshot_restore_py.get_before_snapshot():
        act(*arguments, **options)
    state = random.getstate()
    for act, arguments, options in snapshot_restore_py.get_after_restore():
        act(*arguments, **options)
    drawn_anew = random.getstate() != state
else:
    drawn_anew = None
print(json.dumps({"before": before, "built": is_built(), "connected": [str(each) for each in connected],
                  "libraries": [name for name in ("boto3", "numpy", "redis") if name in sys.modules],
                  "drawn_anew": drawn_anew}))
"""
ON_LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "danmu-tts",
    "AWS_DEFAULT_REGION": "us-east-1",
    "DANMU_TTS_S3__BUCKET": "danmu-audio",
    "DANMU_TTS_REDIS__URL": "redis://127.0.0.1:1",
    "DANMU_TTS_PIPER__FUNCTION_NAME": "danmu-piper",
    "DANMU_TTS_TTS__BACKENDS": "piper,edge",
}


def started(handler: str, *, then: str | None = None, **variables: str) -> dict[str, Any]:
    command = [sys.executable, "-c", REPORT, handler, *([then] if then else [])]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DANMU_TTS_", "AWS_"))}
    path = {"PYTHONPATH": os.pathsep.join((".", "layers/core"))}
    done = subprocess.run(command, env=kept | path | variables, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


@pytest.mark.parametrize("handler", HANDLERS)
def test_on_lambda_a_process_is_built_before_its_first_event_and_calls_nobody(handler: str) -> None:
    report = started(handler, **ON_LAMBDA)
    assert (report["built"], report["connected"]) == (True, [])


def test_what_the_first_line_needs_is_loaded() -> None:
    assert started("websocket_api", **ON_LAMBDA)["libraries"] == ["boto3", "numpy", "redis"]


def test_elsewhere_importing_a_handler_builds_nothing() -> None:
    report = started("rest_api")
    assert (report["built"], report["libraries"]) == (False, [])


def test_with_snapstart_it_is_built_before_the_snapshot_and_each_copy_draws_its_own_numbers() -> None:
    report = started("rest_api", then="restore", **ON_LAMBDA, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    assert (report["before"], report["built"], report["connected"], report["drawn_anew"]) == (False, True, [], True)


def test_a_process_that_cannot_be_built_yet_starts_all_the_same() -> None:
    """Its first event is told why."""
    report = started("websocket_api", **ON_LAMBDA | {"DANMU_TTS_REDIS__URL": "http://nowhere"})
    assert report["built"] is False
