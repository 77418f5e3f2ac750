"""``template.yaml``, deployed to the emulator as the SAM CLI deploys it to AWS: packaged, then made a stack."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import WaiterError

from tests.servers.emulator import ROOT, Emulator, Template

STAGE = "live"
_STACK = "danmu-tts"
_ARTIFACTS = "artifacts"
_CODE, _LAYER = "code.zip", "layer.zip"
_FOLDERS = {"functions": ROOT, "danmu_tts": ROOT / "layers/core", "speech_contract": ROOT / "layers/core"}
# Who shares two cores with other tests waits longer for Redis than anybody should who has a choice.
_ON_A_BUSY_MACHINE = {"DANMU_TTS_REDIS__TIMEOUT_MS": "5000", "DANMU_TTS_REDIS__CONNECT_TIMEOUT_MS": "5000"}
# The emulator takes it from a tag; AWS invents one.
_API_ID = "danmutts"
_API = "WebSocketApi"
_PATIENCE = {"Delay": 0.1, "MaxAttempts": 300}


@dataclass(frozen=True)
class Deployed:
    """Where its parts are found."""

    url: str
    websocket_url: str
    bucket: str
    queue_prefix: str


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: ``!Ref name`` as ``{"Ref": name}``."""


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> Template:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt":
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _short_form)


def deploy(to: Emulator, *, redis_url: str) -> Deployed:
    """Make the stack, for a GPU of one's own."""
    s3, cloudformation = to.client("s3"), to.client("cloudformation")
    s3.create_bucket(Bucket=_ARTIFACTS)
    s3.put_object(Bucket=_ARTIFACTS, Key=_CODE, Body=_code(to.bootstrap(**_ON_A_BUSY_MACHINE)))
    s3.put_object(Bucket=_ARTIFACTS, Key=_LAYER, Body=_empty())
    template = _packaged(ROOT / "template.yaml", to, s3)
    template["Resources"][_API]["Properties"]["Tags"] = {"ms-custom-id": _API_ID}
    address = f"{to.url}/_aws/execute-api/{_API_ID}/{STAGE}"
    settings = json.dumps({"DANMU_TTS_REDIS__URL": redis_url})
    secret = to.client("secretsmanager").create_secret(Name=f"{_STACK}/settings", SecretString=settings)
    given = {
        "SecretArn": secret["ARN"],
        "Backends": "piper,kokoro,xtts",
        "Gpu": "own",
        "Runtime": "provided.al2023",
        "Architecture": "x86_64",
        "Stage": STAGE,
        # Its events name a host that only AWS's name servers know.
        "ManagementUrl": address,
    }
    cloudformation.create_stack(
        StackName=_STACK,
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
    )
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName=_STACK, WaiterConfig=_PATIENCE)
    except WaiterError as error:
        raise RuntimeError(f"the stack was not made: {_failures(cloudformation)}") from error
    stack = cloudformation.describe_stacks(StackName=_STACK)["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    return Deployed(
        f"{to.url}/_aws/execute-api/{outputs['HttpApiId']}",
        address.replace("http", "ws", 1),
        outputs["BucketName"],
        f"{_STACK}-xtts",
    )


def read(path: Path) -> Template:
    """A template, its short forms written out."""
    template: Template = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    return template


def _failures(cloudformation: Any) -> list[str]:
    stacks = [stack["StackId"] for stack in cloudformation.list_stacks()["StackSummaries"]]
    events = [event for each in stacks for event in cloudformation.describe_stack_events(StackName=each)["StackEvents"]]
    return [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
        for event in events
        if event["ResourceStatus"].endswith("FAILED")
    ]


def _packaged(path: Path, to: Emulator, s3: Any) -> Template:
    """With addresses in the bucket where the template names what lies beside it."""
    template = read(path)
    for resource in template["Resources"].values():
        properties = resource.setdefault("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = {"Bucket": _ARTIFACTS, "Key": _CODE}
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            properties["ContentUri"] = {"Bucket": _ARTIFACTS, "Key": _LAYER}
        if resource["Type"] == "AWS::Serverless::Application":
            location = path.parent / properties["Location"]
            nested = to.transform(_packaged(location, to, s3))  # the emulator forgets it there
            s3.put_object(Bucket=_ARTIFACTS, Key=location.name, Body=json.dumps(nested).encode())
            properties["Location"] = f"{to.url}/{_ARTIFACTS}/{location.name}"
    return template


def _code(bootstrap: str) -> bytes:
    """Every function's code, without its dependencies."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("bootstrap", bootstrap)
        for path, name in _files():
            archive.write(path, name)
    return packed.getvalue()


def _empty() -> bytes:
    """A layer with nothing in it: the packages are in the runtime's own path."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("python/.keep", "")
    return packed.getvalue()


def _files() -> Iterator[tuple[Path, Path]]:
    for folder, parent in _FOLDERS.items():
        for path in sorted((parent / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path, path.relative_to(parent)
