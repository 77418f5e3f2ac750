"""ONNX Runtime calls its maker unless it is told not to."""

import subprocess
import sys

import pytest

_LOAD = "import os, danmu_tts.adapters.backends.{}; print(os.environ['ORT_DISABLE_TELEMETRY'])"


@pytest.mark.parametrize("engine", ["piper", "kokoro"])
def test_it_is_told_before_an_engine_loads_it(engine: str) -> None:
    environment = {"PYTHONPATH": "layers/core", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", _LOAD.format(engine)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"
