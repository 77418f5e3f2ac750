"""The function behind the REST API in Lambda's own container, by ``sam local start-api``."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import typer

from infra.deploy import checks, sam
from infra.deploy.errors import DeployError
from infra.deploy.progress import Progress

_TEMPLATE = Path(__file__).with_name("sam_local.yaml")
_LAYER = sam.ROOT / ".aws-sam" / "sam-local"
_READABLE = 0o644


def run(port: int, progress: Progress, *, edge_voices: bool) -> None:
    """Build, make a key, and serve until Ctrl-C. Raises DeployError."""
    checks.find_tools()
    environment = find_containers()
    architecture = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
    sam.build(architecture)
    key = _make_key()
    typer.echo(
        "\nThe first start fetches AWS's image of Lambda, some 700 MB; later ones look for a newer one, unless "
        "SAM_SKIP_PULL_IMAGE=1 says not to. Then:\n"
        f"  curl http://127.0.0.1:{port}/v1/audio/speech -H 'authorization: Bearer {key}' "
        """-H 'content-type: application/json' -d '{"model": "auto", "voice": "alloy", "input": "Hello, chat!"}' """
        "-o hello.mp3\nCtrl-C ends it.\n"
    )
    progress.now("Nothing is left running.")
    overrides = [f"Architecture={architecture}", f"EdgeVoices={'true' if edge_voices else 'false'}"]
    arguments = ["local", "start-api", "--template-file", str(_TEMPLATE), "--port", str(port)]
    # Without --shutdown the container is killed, and at times its runtime still gets to show a traceback.
    arguments += ["--warm-containers", "LAZY", "--no-watch", "--shutdown", "--parameter-overrides", *overrides]
    # Credentials that open nothing: SAM hands those that it finds to the function, which needs none.
    keys = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_REGION": "us-east-1"}
    if sam.run(arguments, **environment, **keys):
        raise DeployError("`sam local` ended; it says why above.")


def find_containers() -> dict[str, str]:
    """What SAM has to know to find Docker, or who takes its place. Raises DeployError where there is nobody."""
    if os.environ.get("DOCKER_HOST"):
        return {}
    if _works("docker", "info"):
        # Docker Desktop and Docker without root are found by Docker's contexts, of which SAM knows nothing.
        address = _told("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
        if Path(address.removeprefix("unix://")).is_socket():
            return {"DOCKER_HOST": address}
        if "://" in address:
            return {}
        # Else it is podman by Docker's name, which knows no contexts.
    if _works("podman", "info"):
        socket = Path(_told("podman", "info", "--format", "{{.Host.RemoteSocket.Path}}").removeprefix("unix://"))
        if socket.is_socket():
            return {"DOCKER_HOST": f"unix://{socket}"}
        advice = "`systemctl --user start podman.socket`, or `podman system service --time=0` in another terminal."
        raise DeployError("podman is here, but SAM speaks to it through its socket, and that is not there.", advice)
    advice = "Docker Desktop, Docker Engine or podman. `make run` needs none of them, and `make localstack` neither."
    raise DeployError("`sam local` runs functions in containers, and nothing here runs containers.", advice)


def _told(*command: str) -> str:
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True).stdout.strip()  # noqa: S603


def _works(*command: str) -> bool:
    if not shutil.which(command[0]):
        return False
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0  # noqa: S603


def _make_key() -> str:
    """A new key, in the layer that the function finds keys in; those before it are gone."""
    from danmu_tts import process_loop
    from danmu_tts.bootstrap.stores import make_keys
    from danmu_tts.domain.access import Keyless, Scope
    from danmu_tts.services.access import Access
    from danmu_tts.settings import SecuritySettings, Settings

    shutil.rmtree(_LAYER, ignore_errors=True)
    settings = Settings(_env_file=None, security=SecuritySettings(keys_directory=_LAYER / "keys"))
    access = Access(make_keys(settings), Keyless.NOBODY)
    issued = process_loop.run(access.create("sam-local", [Scope.SPEAK, Scope.DANMU, Scope.LISTEN]))
    for file in (_LAYER / "keys").iterdir():
        file.chmod(_READABLE)  # in the container somebody else reads it
    return str(issued.text)
