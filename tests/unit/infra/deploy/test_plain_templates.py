import json
import os
import subprocess
from pathlib import Path

import pytest

from infra.deploy import plain_templates, sam

_PYTHON = sam.ROOT / ".venv-sam" / "bin" / "python"
_ROOT = """
Transform: AWS::Serverless-2016-10-31
Resources:
  HttpApi: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: x, ProtocolType: HTTP}}
  Functions:
    Type: AWS::Serverless::Application
    Properties: {Location: inner/template.yaml, Parameters: {WebSocketUrl: wss://aws}}
"""
_INNER = """
Transform: AWS::Serverless-2016-10-31
Parameters: {WebSocketUrl: {Type: String}}
Resources:
  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: Layer}}
  Function:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: Function, Handler: a.b, Runtime: python3.13, Role: arn:r, Layers: [!Ref Layer]}
"""


@pytest.mark.aws
def test_all_templates_become_plain_with_code_beside_them_and_ids_that_are_known(tmp_path: Path) -> None:
    if not _PYTHON.exists():
        pytest.skip("SAM is not installed; to install it: make sam")
    (tmp_path / "inner").mkdir()
    (tmp_path / "template.yaml").write_text(_ROOT)
    (tmp_path / "inner" / "template.yaml").write_text(_INNER)
    template = str(tmp_path / "template.yaml")
    command = [str(_PYTHON), plain_templates.__file__, template, "ws://here", "HttpApi=da000001"]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    root = json.loads(Path(done.stdout.strip()).read_text())["Resources"]
    assert root["HttpApi"]["Properties"]["Tags"]["ms-custom-id"] == "da000001"
    assert root["Functions"]["Type"] == "AWS::CloudFormation::Stack"
    assert root["Functions"]["Properties"]["Parameters"]["WebSocketUrl"] == "ws://here"
    inner = json.loads((tmp_path / root["Functions"]["Properties"]["TemplateURL"]).read_text())["Resources"]
    found = {each["Type"]: each["Properties"] for each in inner.values()}
    assert found["AWS::Lambda::Function"]["Code"] == "Function"
    assert found["AWS::Lambda::LayerVersion"]["Content"] == "Layer"
