"""SAM's command line: it builds the functions and hands the template to CloudFormation."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.deploy.errors import DeployError

ROOT = Path(__file__).parents[2]
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
# How long SAM may take after Ctrl-C: it removes a container within a second.
_END_S = 20.0


def build(architecture: str) -> None:
    """Build functions and layers for ``arm64`` or ``x86_64``. Raises DeployError."""
    if run(["build", *_parameters({"Architecture": architecture})], ARCHITECTURE=architecture):
        raise DeployError("The functions could not be built; SAM says why above.", "Then run this again.")


def fingerprint(parameters: Mapping[str, str]) -> str:
    """Of what was built and of what it is told, in hexadecimal: another one where the functions are to be made anew."""
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
    folder = BUILT.parent
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def deploy(stack: str, region: str, parameters: Mapping[str, str], *, template: Path | None = None) -> bool:
    """Make or change the stack, and wait; whether that went well. Parameters that are not given stay as they are."""
    arguments = ["deploy", "--stack-name", stack, "--region", region]
    if template is not None:
        # SAM looks for its settings beside the template.
        arguments += ["--template-file", str(template), "--config-file", str(ROOT / "samconfig.toml")]
    arguments += ["--no-confirm-changeset", "--no-fail-on-empty-changeset"]
    if not sys.stdout.isatty():
        arguments.append("--no-progressbar")
    return run([*arguments, *_parameters(parameters)]) == 0


def run(arguments: Sequence[str], **environment: str) -> int:
    """Run it in the repository; its status. Of our own settings it is told none: some are secrets.

    Ctrl-C reaches it too. `subprocess.call` would kill it a quarter of a second later, and leave its container behind.
    """
    process = subprocess.Popen(["sam", *arguments], cwd=ROOT, env=surroundings(**environment))  # noqa: S603, S607
    try:
        return process.wait()
    except KeyboardInterrupt:
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
        raise


def surroundings(**more: str) -> dict[str, str]:
    """What SAM finds in its environment."""
    ours = {name: value for name, value in os.environ.items() if not name.upper().startswith("DANMU_TTS_")}
    return {**ours, "SAM_CLI_TELEMETRY": "0", **more}


def _parameters(values: Mapping[str, str]) -> list[str]:
    """In quotes, so that nothing in a value is taken for the next one; SAM reads a backslash as what escapes."""
    escaped = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in values.items()}
    return ["--parameter-overrides", *(f'{name}="{value}"' for name, value in escaped.items())]
