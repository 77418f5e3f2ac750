"""An API key that lies where functions look for it."""

from pathlib import Path

from danmu_tts import process_loop
from danmu_tts.bootstrap import build
from danmu_tts.domain.access import Scope
from danmu_tts.settings import BudgetSettings, S3Settings, Settings, TtsSettings


def key_in_bucket(bucket: str, scratch: Path) -> str:
    """Make one that may do everything. The bucket is found as boto3 finds it, by ``AWS_ENDPOINT_URL``."""
    settings = Settings(
        tts=TtsSettings(backends=()),
        s3=S3Settings(bucket=bucket, timeout_ms=10_000),
        budget=BudgetSettings(file=scratch / "spend.sqlite3"),
    )
    container = build(settings)

    async def make() -> str:
        try:
            return str((await container.access.create("test", [Scope.ADMIN])).text)
        finally:
            await container.close()

    return process_loop.run(make())
