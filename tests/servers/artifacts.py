"""The functions as ``make build`` leaves them: each with its layers and its environment, as the template says."""

import os
import platform
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.servers.deployment import read
from tests.servers.s3_server import BUCKET, ENVIRONMENT

ROOT = Path(__file__).parents[2]
BUILT = ROOT / ".aws-sam" / "build" / "Functions"
MACHINE = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
"""What this machine can run."""

PIPER_NAME = "danmu-tts-piper"
"""Of the function that the others call."""

_TEMPLATE = ROOT / "infra" / "aws" / "functions.yaml"
_PYTHON = ROOT / ".venv-lambda" / "bin" / "python"
# What the root template may tell functions.yaml; a parameter that is missing here fails the tests.
_PARAMETERS = {
    "AzureRegion": "",
    "Backends": "piper,edge,azure,openai,xtts",
    "Bucket": BUCKET,
    "CacheName": "",
    "CorsOrigins": "*",
    "DefaultLanguage": "zh",
    "EdgeVoices": "false",
    "ManagementUrl": "",
    "MonthlyUsd": "",
    "PiperName": PIPER_NAME,
    "QueuePrefix": "danmu-tts-xtts",
    "SecretArn": "",
    "SecretVersion": "",
    "WebSocketUrl": "wss://abcdef.execute-api.us-east-1.amazonaws.com/live",
    "Xtts": "true",
    "XttsTransport": "sqs",
}


def give_up(reason: str) -> NoReturn:
    """Skip the test; in CI, which sets ``CI``, fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def lambdas_python() -> Path:
    """A Python 3.13 with nothing but what Lambda's has."""
    if not _PYTHON.exists():
        give_up("Lambda's Python is not installed; make test-aws installs it, where python3.13 or pyenv's 3.13 is")
    return _PYTHON


@cache
def built_for() -> str:
    """The architecture that SAM was told."""
    try:
        log = tomllib.loads((BUILT.parents[1] / "build.toml").read_text("utf-8"))
    except FileNotFoundError:
        give_up("the functions are not built; to build them: make build")
    (architecture,) = {str(each["architecture"]) for each in log["layer_build_definitions"].values()}
    return architecture


def needs_what_runs_here() -> None:
    """Give up where the functions are built for other machines."""
    if sys.platform != "linux":
        give_up("the functions are built for Linux")
    if built_for() != MACHINE:
        give_up(f"built for {built_for()}, which this machine cannot run: make build ARCHITECTURE={MACHINE}")


@dataclass(frozen=True, slots=True)
class Artifact:
    """One function.

    Attributes:
        name: the template's.
        handler: what Lambda calls, ``module.function``.
        layers: their names in the template; of a file that two of them have, the latter's counts.
        memory_mb: Lambda's ``MemorySize``.
        variables: its environment, in CloudFormation's words.
    """

    name: str
    handler: str
    layers: tuple[str, ...]
    memory_mb: int
    variables: Mapping[str, Any]

    @property
    def package(self) -> str:
        """Its own, of ``functions``."""
        return self.handler.split(".")[1]

    @property
    def folder(self) -> Path:
        """What lies in ``/var/task``."""
        return BUILT / self.name

    @property
    def layer_folders(self) -> tuple[Path, ...]:
        """What is laid over each other in ``/opt/python``."""
        return tuple(BUILT / layer / "python" for layer in self.layers)

    def files(self) -> Iterator[Path]:
        """All of it, layers too."""
        for root in (self.folder, *self.layer_folders):
            yield from (path for path in root.rglob("*") if path.is_file())

    def environment(self, *, redis_url: str, **more: str) -> dict[str, str]:
        """What a process finds, and nothing of ours: a home that cannot be made, code that is not written to.

        Who shares two cores with other tests waits longer for Redis than anybody should who has a choice.
        """
        told = _PARAMETERS | {"RedisUrl": redis_url}
        busy = {f"DANMU_TTS_REDIS__{name}": "5000" for name in ("TIMEOUT_MS", "CONNECT_TIMEOUT_MS")}
        return {
            **ENVIRONMENT,
            **busy,
            "AWS_REGION": ENVIRONMENT["AWS_DEFAULT_REGION"],
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "HOME": "/proc/no-home",
            "LANG": "C.UTF-8",
            "LAMBDA_TASK_ROOT": str(self.folder),
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(map(str, reversed(self.layer_folders))),
            **{name: _resolved(value, told) for name, value in self.variables.items()},
            **more,
        }


def artifacts() -> dict[str, Artifact]:
    """Every function of the template, by name, whether it is built or not."""
    template = read(_TEMPLATE)
    shared = template["Globals"]["Function"]
    found = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        own = resource["Properties"]
        layers = [layer["Ref"] for layer in [*shared["Layers"], *own.get("Layers", [])]]
        variables = shared["Environment"]["Variables"] | own.get("Environment", {}).get("Variables", {})
        found[name] = Artifact(
            name, own["Handler"], tuple(layers), own.get("MemorySize", shared["MemorySize"]), variables
        )
    return found


def _resolved(value: Any, told: Mapping[str, str]) -> str:
    """``Ref``, ``Fn::Sub`` and plain words; of a condition, what holds outside a network."""
    if not isinstance(value, dict):
        return str(value)
    ((function, argument),) = value.items()
    if function == "Ref":
        return told[argument]
    if function == "Fn::If":
        return _resolved(argument[2], told)
    assert function == "Fn::Sub", value
    text = str(argument)
    for name, word in told.items():
        text = text.replace(f"${{{name}}}", word)
    assert "${" not in text, value
    return text
