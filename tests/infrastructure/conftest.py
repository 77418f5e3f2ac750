from pathlib import Path

import pytest

from danmu_tts import process_loop
from danmu_tts.bootstrap import build
from danmu_tts.domain.access import Scope
from danmu_tts.settings import BudgetSettings, S3Settings, Settings, TtsSettings
from tests.servers.s3_server import BUCKET, S3Server


@pytest.fixture
def key(s3: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An API key, kept in the bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    settings = Settings(
        tts=TtsSettings(backends=()),
        s3=S3Settings(bucket=BUCKET, timeout_ms=10_000),
        budget=BudgetSettings(file=tmp_path / "spend.sqlite3"),
    )
    container = build(settings)

    async def make() -> str:
        try:
            return str((await container.access.create("test", [Scope.ADMIN])).text)
        finally:
            await container.close()

    return process_loop.run(make())
