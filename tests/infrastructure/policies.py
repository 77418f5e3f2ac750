"""What the template lets each function do, read from the files in which it stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.servers.deployment import read
from tests.servers.emulator import ROOT, Template

ROLES = {
    "authorizer": "AuthorizerRole",
    "rest_api": "RestApiRole",
    "websocket_api": "WebSocketApiRole",
    "piper_voice": "PiperVoiceRole",
    "job_results": "JobResultsRole",
    "job_deadlines": "JobDeadlinesRole",
}
"""The package of each function and the name of its role."""

_S3_ACTIONS = {
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "PostObject": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket",
}
_FILES = ("roles.yaml", "roles_jobs.yaml")
# What roles.yaml hands on to roles_jobs.yaml.
_OF_JOBS = "JobsPolicies"


@dataclass(frozen=True)
class Statement:
    """One of a policy, with parameters left as ``${Name}`` and references as their names."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def covers(self, action: str, resource: str) -> bool:
        """Whether it allows that."""
        return action in self.actions and any(fnmatchcase(resource, each) for each in self.resources)


def statements_of(role: str) -> list[Statement]:
    """Everything that a role may do in any of the template's shapes."""
    resources = {name: each for file in _FILES for name, each in read(ROOT / "infra/aws" / file)["Resources"].items()}
    named = set(_names(resources[role]["Properties"].get("ManagedPolicyArns", [])))
    if _OF_JOBS in named:
        named |= set(_names(read(ROOT / "infra/aws/roles.yaml")["Outputs"][_OF_JOBS]["Value"]))
    policies = [
        each
        for name, each in resources.items()
        if each["Type"] in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
        and (name in named or role in _names(each["Properties"].get("Roles", [])))
    ]
    return [statement for each in policies for statement in statements_in(each["Properties"]["PolicyDocument"])]


def statements_in(document: Template) -> list[Statement]:
    """Those of a policy that allow something, whatever the conditions."""
    return [
        Statement(
            each.get("Sid", ""), tuple(_list(each["Action"])), tuple(_text(one) for one in _list(each["Resource"]))
        )
        for statement in _list(document["Statement"])
        for each in _branches(statement)
        if each["Effect"] == "Allow"
    ]


def action_of(call: Mapping[str, Any]) -> str:
    """What IAM calls a recorded call."""
    service, operation = str(call["service"]), str(call["operation"])
    if service == "s3":
        return _S3_ACTIONS[operation]
    if service == "lambda":
        assert operation == "Invoke"
        return "lambda:InvokeFunction"
    return (
        "execute-api:ManageConnections" if service == "execute-api" else f"{service}:{operation.removesuffix('Batch')}"
    )


def resource_of(call: Mapping[str, Any], prefix: str) -> str:
    """As the policies write it, with what only CloudFormation knows left open."""
    of = call["of"]
    here = "${AWS::Region}:${AWS::AccountId}"
    if call["service"] == "s3":
        return f"${{BucketArn}}/{of['Key']}" if "Key" in of else "BucketArn"
    if call["service"] == "sqs":
        name = str(of.get("QueueName") or of["QueueUrl"]).rsplit("/", 1)[-1]
        return f"arn:${{AWS::Partition}}:sqs:{here}:" + name.replace(prefix, "${QueuePrefix}")
    if call["service"] == "lambda":
        return f"arn:${{AWS::Partition}}:lambda:{here}:function:${{PiperName}}"
    if call["service"] == "execute-api":
        return f"${{ConnectionsArn}}/{call['operation']}/@connections/x"
    return "SecretArn"


def _branches(value: Any) -> Iterator[dict[str, Any]]:
    """A statement, or those that a condition chooses between."""
    if "Fn::If" in value:
        for each in value["Fn::If"][1:]:
            yield from _branches(each)
    elif "Ref" not in value:
        yield value


def _names(value: Any) -> Iterator[str]:
    """All that is referred to."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "Ref":
                yield each
            else:
                yield from _names(each)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        ((function, argument),) = value.items()
        if function == "Fn::GetAtt":
            return ".".join(argument)
        return str(argument[0] if isinstance(argument, list) else argument)
    return str(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
