"""A ``sam`` and a ``uv`` for the PATH: builds nothing, deploys a stack with the outputs of the real one."""

import json
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PARAMETERS = (
    "Profile SecretArn SecretVersion EdgeVoices AzureRegion OpenAiVoices MonthlyUsd AlarmEmail GpuImage GpuLicence "
    "Architecture"
)
_OUTPUTS = {
    "Url": "https://api.example",
    "WebSocketUrl": "wss://socket.example/live",
    "DashboardUrl": "https://dashboard.example",
    "BucketName": {"Ref": "Bucket"},
}
_TEMPLATE = {
    "Parameters": {name: {"Type": "String", "Default": ""} for name in _PARAMETERS.split()},
    "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}},
    "Outputs": {name: {"Value": value} for name, value in _OUTPUTS.items()},
}
# No boto3: it would take longer to import than all else takes.
_PROGRAM = """#!{python} -SE
import json, os, re, sys, urllib.error, urllib.parse, urllib.request
with open({record!r}, "a") as record:
    record.write(json.dumps([sys.argv[1:], dict(os.environ)]) + "\\n")
if os.path.exists({broken!r}):
    sys.exit(1)
if sys.argv[1] == "deploy":
    given = sys.argv[sys.argv.index("--parameter-overrides") + 1:]
    given = dict(re.fullmatch('([A-Za-z]+)="(.*)"', each).groups() for each in given)
    fields = {{"StackName": sys.argv[sys.argv.index("--stack-name") + 1], "TemplateBody": {template!r}}}
    for place, (name, value) in enumerate(given.items(), start=1):
        fields[f"Parameters.member.{{place}}.ParameterKey"] = name
        fields[f"Parameters.member.{{place}}.ParameterValue"] = value
    scope = "testing/20260101/us-east-1/cloudformation/aws4_request"
    who = f"AWS4-HMAC-SHA256 Credential={{scope}}, SignedHeaders=host, Signature=x"
    for action in ("CreateStack", "UpdateStack"):
        body = urllib.parse.urlencode({{"Action": action, **fields}}).encode()
        request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], body, {{"authorization": who}})
        try:
            urllib.request.urlopen(request).read()
            break
        except urllib.error.HTTPError as error:
            said = error.read().decode()
            if action == "UpdateStack" and "No updates" not in said:
                sys.exit(said)
"""


@dataclass(frozen=True, slots=True)
class Run:
    """How it was run."""

    arguments: list[str]
    environment: dict[str, str]

    @property
    def parameters(self) -> dict[str, str]:
        """What the template is given."""
        given = self.arguments[self.arguments.index("--parameter-overrides") + 1 :]
        return {name: value.strip('"') for name, _, value in (each.partition("=") for each in given)}


class PretendSam:
    """Lies in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._record = folder / "record"
        self._broken = folder / "broken"
        program = _PROGRAM.format(
            python=sys.executable, record=str(self._record), broken=str(self._broken), template=json.dumps(_TEMPLATE)
        )
        for name in ("sam", "uv"):
            (folder / name).write_text(program)
            (folder / name).chmod(stat.S_IRWXU)

    def break_it(self) -> None:
        """From now on it fails."""
        self._broken.touch()

    @property
    def runs(self) -> list[Run]:
        """All of them, oldest first."""
        lines = self._record.read_text().splitlines() if self._record.exists() else []
        found: list[list[Any]] = [json.loads(line) for line in lines]
        return [Run(*each) for each in found]
