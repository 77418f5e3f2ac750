"""S3 as moto plays it, in a process of its own."""

import sys
from pathlib import Path

import httpx

from tests.servers.process import ServerProcess

BUCKET = "danmu-audio"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""What boto3 needs to know besides the server's URL, and what moto does not check."""

_TIMEOUT_S = 60


class S3Server(ServerProcess):
    """Has ``BUCKET``, empty after each start. moto checks no signature and no presigned URL's expiry."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget everything but the bucket."""
        httpx.post(f"{self.url}/moto-api/reset", timeout=_TIMEOUT_S, trust_env=False).raise_for_status()
        self._create_bucket()

    def _create_bucket(self) -> None:
        httpx.put(f"{self.url}/{BUCKET}", timeout=_TIMEOUT_S, trust_env=False).raise_for_status()

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(self.port)]

    def _is_ready(self) -> bool:
        try:
            self._create_bucket()
        except httpx.TransportError:
            return False
        return True
