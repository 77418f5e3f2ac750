"""The tests of the engine, in the environment that has torch."""

import subprocess

import pytest

from tests.servers.gpu_worker import ROOT, python


@pytest.mark.timeout(480)
def test_the_engine_passes_its_own_tests() -> None:
    # Without haste: other tests, which run meanwhile, look at the clock.
    command = ["nice", "-n", "10", python(), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/gpu"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=450)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
