"""``make sam-local`` from its first line to Ctrl-C. AWS's image has to be here already: no test fetches 700 MB."""

import contextlib
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
import soundfile

from infra.deploy.errors import DeployError
from infra.deploy.sam_local import find_containers
from tests.servers.artifacts import MACHINE, ROOT
from tests.servers.process import ServerProcess

pytestmark = [pytest.mark.aws, pytest.mark.timeout(600)]

IMAGE = f"public.ecr.aws/lambda/python:3.13-{MACHINE}"
SAM = ROOT / ".venv-sam" / "bin"
SOURCES = ("functions", "infra", "layers", "template.yaml", "samconfig.toml")
FIRST_ANSWER_S, END_S = 300, 30
ASKED = {"model": "auto", "voice": "alloy", "input": "Hello, chat! Nice to see you.", "response_format": "wav"}


class PodmanService(ServerProcess):
    """podman's socket, which speaks Docker's protocol."""

    @property
    def address(self) -> str:
        return f"unix://{self.folder / 'podman.sock'}"

    def _command(self) -> list[str]:
        return ["podman", "system", "service", "--time=0", self.address]

    def _is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.address.removeprefix("unix://")) == 0


class SamLocal(ServerProcess):
    """The command, in a copy of the repository: it builds, and other tests look at what is built."""

    start_timeout_s = FIRST_ANSWER_S

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(folder)
        self.url = f"http://127.0.0.1:{self.port}"
        self._given = environment

    @property
    def key(self) -> str:
        """The one that it shows."""
        shown = re.search(rf"curl {self.url}/v1/audio/speech -H 'authorization: Bearer (\S+)'", self.log)
        assert shown, self.log
        return shown[1]

    def ctrl_c(self) -> int:
        """What a terminal does: all processes have it at once. Its status."""
        process, self._process = self._running(), None
        os.killpg(process.pid, signal.SIGINT)
        try:
            return process.wait(END_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise

    def stop(self) -> None:
        if self._process is not None:
            self.ctrl_c()

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "infra.deploy", "sam-local", "--port", str(self.port)]

    def _environment(self) -> Mapping[str, str]:
        # SAM would ask the registry for a newer image, and fail where there is none.
        path = f"{SAM}:{os.environ['PATH']}"
        return {**self._given, "PATH": path, "PYTHONPATH": "layers/core", "SAM_SKIP_PULL_IMAGE": "1"}

    def _is_ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The environment in which `docker` and SAM find who runs containers."""
    with contextlib.ExitStack() as stack:
        try:
            found = find_containers()
        except DeployError as nobody:
            if not shutil.which("podman") or run("podman", "info").returncode:
                pytest.skip(f"{nobody.wrong} {nobody.advice}")
            service = stack.enter_context(PodmanService(tmp_path_factory.mktemp("podman")))
            found = {"DOCKER_HOST": service.address}
        environment = {**os.environ, **found}
        if run(program(), "info", env=environment).returncode:
            pytest.skip(f"nobody runs containers at DOCKER_HOST={environment.get('DOCKER_HOST', '')}")
        if run(program(), "image", "inspect", IMAGE, env=environment).returncode:
            pytest.skip(f"AWS's image of Lambda is not here; to fetch it (700 MB): docker (or podman) pull {IMAGE}")
        yield environment


@pytest.fixture(scope="module")
def others(containers: Mapping[str, str]) -> set[str]:
    """Containers that somebody else has by `sam local`."""
    return running(containers)


@pytest.fixture(scope="module")
def sam_local(containers: Mapping[str, str], others: set[str]) -> Iterator[SamLocal]:
    if not (SAM / "sam").exists():
        pytest.skip("SAM is not installed; to install it: make sam")
    # Below the repository: elsewhere a container need not be allowed to look.
    (ROOT / ".aws-sam").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="test-", dir=ROOT / ".aws-sam") as folder:
        for name in SOURCES:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, Path(folder, name))
        with SamLocal(Path(folder), containers) as started:
            yield started


def run(*command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, env=env, capture_output=True, text=True)


def program() -> str:
    """Docker's, which speaks to podman's socket too; podman's own where that is all there is."""
    return "docker" if shutil.which("docker") else "podman"


def running(containers: Mapping[str, str]) -> set[str]:
    """SAM's containers of functions."""
    asked = ("ps", "--all", "--quiet", "--filter", "label=sam.cli.container.type=lambda")
    return set(run(program(), *asked, env=containers).stdout.split())


def test_lambdas_own_container_speaks_to_whoever_has_the_key_that_is_shown(sam_local: SamLocal) -> None:
    with httpx.Client(base_url=sam_local.url, timeout=FIRST_ANSWER_S, trust_env=False) as client:
        headers = {"authorization": f"Bearer {sam_local.key}"}
        spoken = client.post("/v1/audio/speech", json=ASKED, headers=headers)
        assert spoken.status_code == 200, sam_local.log
        samples, rate_hz = soundfile.read(io.BytesIO(spoken.content))
        assert len(samples) / rate_hz > 0.5
        assert client.post("/v1/audio/speech", json=ASKED).status_code == 401
        assert client.get("/health").status_code == 200


def test_ctrl_c_ends_it_and_its_container(sam_local: SamLocal, containers: Mapping[str, str], others: set[str]) -> None:
    """The last one."""
    httpx.get(f"{sam_local.url}/health", timeout=FIRST_ANSWER_S, trust_env=False).raise_for_status()
    assert running(containers) - others, "nothing to leave behind"
    began = time.monotonic()
    assert sam_local.ctrl_c() == 130
    assert time.monotonic() - began < 10
    assert running(containers) - others == set()
    assert "Nothing is left running." in sam_local.log
    assert "Traceback" not in sam_local.log
