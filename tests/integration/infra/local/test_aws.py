"""``danmu-tts aws``: the queues and the bucket that several gateways share, in a process of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from infra.local.aws import BUCKET
from tests.e2e.program import Server, command, environment
from tests.servers.process import ServerProcess
from tests.servers.s3_server import ENVIRONMENT

RECORDING = "models/reference_voices/somebody.wav"


class SharedAws(ServerProcess):
    """The command, as compose.yaml runs it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        keys = {name.lower(): value for name, value in ENVIRONMENT.items()}
        region = keys.pop("aws_default_region")
        return boto3.client(service, endpoint_url=self.url, region_name=region, **keys)

    def _command(self) -> list[str]:
        return [command(), "aws", "--host", "0.0.0.0"]

    def _environment(self) -> dict[str, str]:
        return environment(self.folder, DANMU_TTS_XTTS__LOCAL_PORT=str(self.port), DANMU_TTS_XTTS__ENABLED="true")

    def _is_ready(self) -> bool:
        return "SQS and S3" in self.log


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[SharedAws]:
    with SharedAws(tmp_path) as started:
        yield started


def test_a_gateway_sends_there_and_a_recording_is_kept_at_its_end(aws: SharedAws, tmp_path: Path) -> None:
    gateway = Server(tmp_path, DANMU_TTS_XTTS__ENABLED="true", DANMU_TTS_XTTS__LOCAL_URL=aws.url)
    gateway.start()
    try:
        job = {"text": "Good evening!", "voice": "xtts:ana-florence"}
        assert httpx.post(f"{gateway.base_url}/v1/speech", json=job, timeout=60).status_code == 202
    finally:
        gateway.kill()
    queue = aws.client("sqs").get_queue_url(QueueName="danmu-tts-xtts-standard")["QueueUrl"]
    (message,) = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert job["text"] in message["Body"]

    aws.client("s3").put_object(Bucket=BUCKET, Key=RECORDING, Body=b"RIFF")
    assert aws.terminate() == 0
    assert [path.read_bytes() for path in (tmp_path / "xtts").rglob("*") if path.is_file()] == [b"RIFF"]
