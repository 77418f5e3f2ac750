import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.manifest import ModelEntry
from tests.unit.models.fetcher import Fetcher, Publish
from tests.unit.models.range_server import RangeServer


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with RangeServer() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=5) as loopback_client:
        yield loopback_client


@pytest.fixture
def publish(server: RangeServer) -> Publish:
    """Put files on the server and return the manifest entry that describes them."""

    def put(files: dict[str, bytes], algorithm: str = "sha256", **facts: Any) -> ModelEntry:
        server.files |= {f"/hub/{path}": content for path, content in files.items()}
        defaults = {
            "name": "test-voice",
            "kind": "piper",
            "languages": ["en-US"],
            "licence": "see MODEL_CARD",
            "licence_url": "https://licence.example/",
            "requires_acceptance": False,
            "base_url": f"{server.url}/hub/",
        }
        listed = [
            {
                "path": path,
                "size_bytes": len(content),
                "digest": f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}",
            }
            for path, content in files.items()
        ]
        return ModelEntry.model_validate({**defaults, **facts, "files": listed})

    return put


@pytest.fixture
def fetcher(tmp_path: Path, client: httpx.Client) -> Fetcher:
    return Fetcher(tmp_path / "models", client)
