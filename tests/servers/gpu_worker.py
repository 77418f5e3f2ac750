"""The GPU service as its operator starts it: a process of its own, in an environment of its own, on the CPU."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.servers.process import ServerProcess

ROOT = Path(__file__).parents[2]
_PYTHON = ROOT / ".venv-xtts" / "bin" / "python"
_MISSING = "XTTS is not installed here; `make xtts` does that"
_BUILD_TIMEOUT_S = 120


def python() -> str:
    """Of the environment that has torch. Without it a test is skipped; in CI, which sets ``CI``, it fails."""
    if _PYTHON.exists():
        return str(_PYTHON)
    if os.environ.get("CI"):
        pytest.fail(_MISSING)
    pytest.skip(_MISSING)


def build_checkpoint(folder: Path) -> Path:
    """A genuine tiny checkpoint, which says something for every text, if not the text."""
    command = [python(), "-m", "tests.builders.tiny_xtts", "--quick", str(folder)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, timeout=_BUILD_TIMEOUT_S)
    assert done.returncode == 0, done.stderr.decode()
    return folder


class GpuWorker(ServerProcess):
    """``python -m gpu_service consume``, ready when its model is warm."""

    start_timeout_s = 90.0

    def __init__(self, folder: Path, checkpoint: Path, aws_url: str, **settings: str) -> None:
        super().__init__(folder)
        self._python = python()
        ours = {
            "AWS_ENDPOINT_URL": aws_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
            "COQUI_TOS_AGREED": "1",
            "DANMU_TTS_GPU__BUCKET": "danmu-tts",
            "DANMU_TTS_GPU__DEVICE": "cpu",
            "DANMU_TTS_GPU__THREADS": "1",
            "DANMU_TTS_GPU__METRICS_PORT": str(self.port),
            "DANMU_TTS_GPU__MODEL_DIRECTORY": str(checkpoint),
        }
        self._settings = os.environ | ours | settings

    def _environment(self) -> Mapping[str, str]:
        return self._settings

    def _command(self) -> list[str]:
        return [self._python, "-m", "gpu_service", "consume"]

    def _is_ready(self) -> bool:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=5, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == 200
