"""The same deployment on an emulator of AWS: MiniStack, started here, or whatever is at AWS_ENDPOINT_URL."""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from infra.deploy import checks, handover, plain_templates, sam, secret
from infra.deploy.account import find_account
from infra.deploy.answers import Answers, Known
from infra.deploy.deploying import failed
from infra.deploy.errors import DeployError
from infra.deploy.progress import Progress
from infra.deploy.stack import Stack

_STACK = "danmu-tts"
_PORT = 4566
_PYTHON = sam.ROOT / ".venv-localstack" / "bin" / "python"
_FOLDER = sam.ROOT / ".aws-sam" / "localstack"
_START_S, _POLL_S, _ANSWER_S = 30.0, 0.1, 60.0
# What an id looks like.
_HTTP_API, _WEBSOCKET_API = "da000001", "da000002"
_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
"""Opens nothing; emulators ask for no more."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """One that answers. ``is_ministack``: its functions are processes of this machine."""

    url: str
    is_ministack: bool

    @property
    def api(self) -> str:
        """Where the HTTP API is. MiniStack accepts no subprotocol, so its pages could not connect, nor need a name."""
        if self.is_ministack:
            return f"{self.url}/_aws/execute-api/{_HTTP_API}"
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{_HTTP_API}.execute-api.localhost.localstack.cloud:{rest.rpartition(':')[2]}"

    @property
    def management(self) -> str:
        """Where functions find WebSocket connections."""
        return f"{self.url}/_aws/execute-api/{_WEBSOCKET_API}/live"

    @property
    def websocket(self) -> str:
        """Where clients connect."""
        return self.management.replace("http", "ws", 1)


def run(room: str, progress: Progress, *, redis_url: str | None, edge_voices: bool) -> None:
    """Deploy there; where the emulator is ours, keep it until Ctrl-C. Raises DeployError."""
    checks.find_tools()
    given = os.environ.get("AWS_ENDPOINT_URL")
    # Whoever is at that address need not know real ones.
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        os.environ.pop(name, None)
    os.environ.update(_KEYS)
    if given:
        _deploy(Emulator(given.rstrip("/"), _is_ministack(given)), room, redis_url, edge_voices=edge_voices)
        return
    with _ministack() as emulator:
        os.environ["AWS_ENDPOINT_URL"] = emulator.url
        progress.now("The emulator is gone, and all that was in it.")
        _deploy(emulator, room, redis_url, edge_voices=edge_voices)
        typer.echo(f"\nAWS, as MiniStack plays it, is at {emulator.url}. Ctrl-C ends it; nothing is kept.")
        signal.pause()


def _deploy(emulator: Emulator, room: str, redis_url: str | None, *, edge_voices: bool) -> None:
    architecture = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
    answers = Known().complete(Answers(redis_url=redis_url, edge_voices=edge_voices, architecture=architecture))
    stack = Stack(find_account(), _STACK)
    known = Known(secret_names=secret.find(stack.account, _STACK).names)
    parameters = answers.parameters(known, secret.keep(stack.account, _STACK, answers.secrets()))
    sam.build(architecture)
    if emulator.is_ministack:  # its events name a host that only AWS's name servers know
        parameters["ManagementUrl"] = emulator.management
    _put(stack, parameters, emulator.websocket)
    state = stack.state()
    if state is None:
        raise DeployError("The emulator has forgotten the stack.")
    site = handover.Site(
        emulator.api,
        emulator.websocket,
        state.outputs["BucketName"],
        " ".join(f"{name}={os.environ[name]}" for name in ("AWS_ENDPOINT_URL", *_KEYS)),
        has_pages=not emulator.is_ministack,
    )
    key = handover.give_key(site.bucket, room)
    if key.text:
        _speak(emulator.api, key.text)
    handover.tell(site, key, room, rooms=answers.has_redis(known))


def _put(stack: Stack, parameters: dict[str, str], websocket_url: str) -> None:
    python = Path(shutil.which("sam") or "sam").with_name("python")
    ids = [f"HttpApi={_HTTP_API}", f"WebSocketApi={_WEBSOCKET_API}"]
    command = [str(python), plain_templates.__file__, str(sam.BUILT), websocket_url, *ids]
    made = subprocess.run(command, check=False, env=sam.surroundings(), stdout=subprocess.PIPE, text=True)  # noqa: S603
    if made.returncode:
        raise DeployError("The template could not be made plain; the reason is above.")
    if not sam.deploy(stack.name, stack.account.region, parameters, template=Path(made.stdout.strip())):
        raise failed(stack)


def _speak(url: str, key: str) -> None:
    """Say a line, so that functions are warm, and it is known whether they speak."""
    import httpx

    body = {"model": "auto", "voice": "alloy", "input": "Hello, chat!"}
    for _ in range(2):  # the first one loads everything, and may be too late for itself
        began = time.monotonic()
        with contextlib.suppress(httpx.TransportError):
            headers = {"authorization": f"Bearer {key}"}
            answer = httpx.post(f"{url}/v1/audio/speech", json=body, headers=headers, timeout=_ANSWER_S)
            if answer.is_success:
                typer.echo(f"It spoke: {len(answer.content)} bytes of audio after {time.monotonic() - began:.1f} s.")
                return
    typer.echo("It did not speak yet; try the line below.")


@contextlib.contextmanager
def _ministack() -> Iterator[Emulator]:
    if not _PYTHON.exists():
        raise DeployError("The emulator is not installed.", "`make localstack` installs it.")
    emulator = Emulator(f"http://127.0.0.1:{_PORT}", is_ministack=True)
    if _is_ministack(emulator.url):
        raise DeployError(
            f"Port {_PORT} is taken.", f"If that is an emulator: AWS_ENDPOINT_URL={emulator.url} make localstack"
        )
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with (_FOLDER / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [str(_PYTHON), "-m", "ministack"], env=_surroundings(emulator.url), stdout=log, stderr=log
        )
    try:
        give_up_at = time.monotonic() + _START_S
        while not _is_ministack(emulator.url):
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise DeployError("The emulator does not start.", f"{_FOLDER / 'log'} says why.")
            time.sleep(_POLL_S)
        yield emulator
    finally:
        process.terminate()
        process.wait()


def _surroundings(url: str) -> dict[str, str]:
    """Functions inherit it: none of our settings, and no real credentials."""
    return {
        **_KEYS,
        "AWS_ENDPOINT_URL": url,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(_PORT),
        "HOME": str(_FOLDER),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "PATH": os.environ.get("PATH", ""),
        "SFTP_ENABLED": "0",
        "TMPDIR": str(_FOLDER),
    }


def _is_ministack(url: str) -> bool:
    import httpx

    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/_ministack/health", timeout=2).is_success
    return False
