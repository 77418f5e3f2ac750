"""AWS as MiniStack plays it: CloudFormation, S3, and API Gateway's WebSockets in front of Lambda's processes.

It is nobody's code of this project, and runs in an environment of its own, which ``make emulator`` installs.
"""

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from tests.servers.process import ServerProcess

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"
_PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
_MISSING = "the emulator of AWS is not installed; to install it: make emulator"
_CALLS = "calls.jsonl"
_TIMEOUT_S = 5
_TRANSFORM_TIMEOUT_S = 30
_TRANSFORM = """
import json, sys
from types import SimpleNamespace
from samtranslator.translator.transform import transform
no_managed_policies = SimpleNamespace(load=dict)
json.dump(transform(json.load(sys.stdin), {}, no_managed_policies), sys.stdout)
"""

Template = dict[str, Any]


def python() -> Path:
    """What runs the emulator. Without it a test is skipped; in CI, which sets ``CI``, it fails."""
    if _PYTHON.exists():
        return _PYTHON
    if os.environ.get("CI"):
        pytest.fail(_MISSING)
    pytest.skip(_MISSING)


class Emulator(ServerProcess):
    """Empty after each start. It checks no credentials and no policies."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._python = python()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
        }
        """What a process needs to take it for AWS."""

    def client(self, service: str) -> Any:
        """boto3's, for one of its services."""
        ours = self.environment
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ours["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ours["AWS_SECRET_ACCESS_KEY"],
        )

    def log_of(self, name: str) -> str:
        """What was written to the log groups that are called so, as CloudWatch has it."""
        logs = self.client("logs")
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        pages = logs.get_paginator("filter_log_events")
        events = (
            event
            for group in groups
            if name in group
            for page in pages.paginate(logGroupName=group)
            for event in page["events"]
        )
        return "\n".join(event["message"] for event in events)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What functions have asked of AWS so far; see ``calls_recorder``."""
        path = self.folder / _CALLS
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def recording(self, name: str | None = None) -> dict[str, str]:
        """Variables by which a process notes its calls; ``name`` is for one that is no function."""
        recorder = self.folder / "recorder"
        recorder.mkdir(exist_ok=True)
        shutil.copy(Path(__file__).with_name("calls_recorder.py"), recorder / "sitecustomize.py")
        named = {"_HANDLER": f"other.{name}.main"} if name else {}
        return {"PYTHONPATH": str(recorder), "RECORDED_CALLS": str(self.folder / _CALLS), **named}

    def bootstrap(self, **settings: str) -> str:
        """The program of a custom runtime that runs a function's code with the packages that are installed here.

        AWS's own client of the Lambda runtime takes what lies beside this program, so what the tests' environment
        knows of this project itself is not seen. ``settings`` are what this machine is better told.
        """
        installed = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
        recording = self.recording()
        path = os.pathsep.join([recording.pop("PYTHONPATH"), *installed])
        ours = {"PYTHONPATH": path, **recording, **settings}
        exports = "\n".join(f"export {name}='{value}'" for name, value in ours.items())
        return f"#!/bin/sh\n{exports}\nexec '{self._python}' -m awslambdaric \"$_HANDLER\"\n"

    def transform(self, template: Template) -> Template:
        """Turn AWS::Serverless resources into plain ones, by the code that CloudFormation itself does it with."""
        done = subprocess.run(
            [self._python, "-c", _TRANSFORM],
            check=True,
            env=self.environment,
            input=json.dumps(template),
            stdout=subprocess.PIPE,
            text=True,
            timeout=_TRANSFORM_TIMEOUT_S,
        )
        plain: Template = json.loads(done.stdout)
        return plain

    def _command(self) -> list[str]:
        settings = {
            **self.environment,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "SFTP_ENABLED": "0",
            "HOME": str(self.folder),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.folder),
        }
        return [
            "env",
            "-i",
            *(f"{name}={value}" for name, value in settings.items()),
            str(self._python),
            "-m",
            "ministack",
        ]

    def _is_ready(self) -> bool:
        try:
            answer = httpx.get(f"{self.url}/_ministack/health", timeout=_TIMEOUT_S, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.is_success
