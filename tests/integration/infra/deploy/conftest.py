from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from infra.deploy.account import Account
from infra.deploy.cli import app
from tests.builders.pretend_sam import PretendSam
from tests.servers.s3_server import S3Server

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:danmu-tts/settings-"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where somebody sits and types commands: an account at moto's AWS, and a ``sam`` that only pretends."""

    url: str
    sam: PretendSam
    set: Callable[[str, str], None]

    def type(self, *command: str, answers: str = "", **environment: str) -> Result:
        """Run a command, and answer its questions."""
        return CliRunner().invoke(app, command, input=answers, env=environment)

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1")

    def account(self) -> Account:
        return Account("1", "me", "us-east-1", boto3.Session())

    def secret(self) -> Mapping[str, Any]:
        described: Mapping[str, Any] = self.client("secretsmanager").describe_secret(SecretId="danmu-tts/settings")
        return described

    def secret_text(self) -> str:
        return str(self.client("secretsmanager").get_secret_value(SecretId="danmu-tts/settings")["SecretString"])

    def bucket(self) -> str:
        stack = self.client("cloudformation").describe_stacks(StackName="danmu-tts")["Stacks"][0]
        return next(str(each["OutputValue"]) for each in stack["Outputs"] if each["OutputKey"] == "BucketName")

    def names(self, bucket: str) -> list[str]:
        return [each["Key"] for each in self.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.fixture
def desk(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in ("DANMU_TTS_REDIS__URL", "DANMU_TTS_AZURE__KEY", "DANMU_TTS_OPENAI__API_KEY", "ARCHITECTURE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("infra.deploy.sam.BUILT", tmp_path / "built" / "template.yaml")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    return Desk(s3.url, PretendSam(tmp_path), monkeypatch.setenv)
