from pathlib import Path

import pytest

from tests.builders.bucket_key import key_in_bucket
from tests.servers.s3_server import BUCKET, S3Server


@pytest.fixture
def key(s3: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An API key, kept in the bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    return key_in_bucket(BUCKET, tmp_path)
