import io
import json
import zipfile
from typing import Any

import pytest

from infra.deploy.errors import DeployError
from infra.deploy.stack import Stack
from infra.deploy.versions import delete_old
from tests.integration.infra.deploy.conftest import Desk
from tests.servers.s3_server import BUCKET

pytestmark = pytest.mark.aws

_ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
_CODE = {"Runtime": "python3.13", "Handler": "a.b", "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"ZipFile": "0"}}
_FUNCTION = {"Type": "AWS::Lambda::Function", "Properties": _CODE}


@pytest.fixture
def functions(desk: Desk) -> list[str]:
    """Two, in a stack within the stack, each with versions 1 to 5 and an alias to 5."""
    inner = {"Resources": {"Role": _ROLE, "A": _FUNCTION, "B": _FUNCTION}}
    desk.client("s3").put_object(Bucket=BUCKET, Key="inner.json", Body=json.dumps(inner))
    url = f"https://s3.amazonaws.com/{BUCKET}/inner.json"
    outer = {"Resources": {"Functions": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}}
    desk.client("cloudformation").create_stack(StackName="danmu-tts", TemplateBody=json.dumps(outer))
    client = desk.client("lambda")
    names = [str(each["FunctionName"]) for each in client.list_functions()["Functions"]]
    for name in names:
        for number in range(5):
            client.update_function_code(FunctionName=name, ZipFile=_zipped(f"x = {number}"))
            client.publish_version(FunctionName=name)
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="5")
    return names


def test_of_each_function_of_the_stacks_within_the_one_in_use_is_kept(desk: Desk, functions: list[str]) -> None:
    assert len(functions) == 2
    assert delete_old(_stack(desk)) == 8
    assert [_versions(desk, name) for name in functions] == [["5"]] * 2
    assert delete_old(_stack(desk)) == 0


def test_what_aws_refuses_is_said(desk: Desk) -> None:
    with pytest.raises(DeployError, match="does not exist"):
        delete_old(_stack(desk))


def test_a_deployment_is_well_where_old_versions_cannot_be_deleted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Stack) -> int:
        raise DeployError("AWS does not allow DeleteFunction.")

    monkeypatch.setattr("infra.deploy.versions.delete_old", refuse)
    done = desk.type("deploy", "--yes", "--profile", "standard")
    assert done.exit_code == 0, done.output
    assert "may cost: AWS does not allow DeleteFunction.\n" in done.output


def test_a_deployment_says_how_many_it_deleted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.deploy.versions.delete_old", lambda _: 3)
    assert "versions of the functions deleted: 3." in desk.type("deploy", "--yes", "--profile", "standard").output


def _stack(desk: Desk) -> Stack:
    return Stack(desk.account(), "danmu-tts")


def _versions(desk: Desk, name: str) -> list[str]:
    found: list[dict[str, Any]] = desk.client("lambda").list_versions_by_function(FunctionName=name)["Versions"]
    return [each["Version"] for each in found if each["Version"] != "$LATEST"]


def _zipped(text: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.py", text)
    return held.getvalue()
