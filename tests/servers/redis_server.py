"""Redis itself: plain, as on one machine."""

import os
import shutil
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.servers.process import ServerProcess

_MISSING = "redis-server is not installed; on Debian and Ubuntu: apt-get install redis-server"
_TIMEOUT_S = 5


def program() -> str:
    """Where ``redis-server`` is. Without it a test is skipped; in CI, which sets ``CI``, it fails."""
    found = shutil.which("redis-server")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail(_MISSING)
    pytest.skip(_MISSING)


class RedisServer(ServerProcess):
    """Without TLS or a password; it keeps nothing when it stops."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._program = program()
        self._configuration = folder / "redis.conf"
        self._configuration.write_text("\n".join(self._directives()) + "\n", "utf-8")

    @property
    def url(self) -> str:
        """For the client under test."""
        return f"redis://127.0.0.1:{self.port}/0"

    def admin(self) -> Redis:
        """A client that may do everything. Close it."""
        return Redis(host="127.0.0.1", port=self.port, socket_timeout=_TIMEOUT_S, retry=Retry(NoBackoff(), 0))

    def flush(self) -> None:
        """Forget all keys and scripts."""
        with self.admin() as admin:
            admin.flushall()
            admin.script_flush()

    def _directives(self) -> list[str]:
        return [f"port {self.port}", "bind 127.0.0.1", 'save ""', "appendonly no", "maxmemory 64mb"]

    def _command(self) -> list[str]:
        return [self._program, str(self._configuration)]

    def _is_ready(self) -> bool:
        try:
            with self.admin() as admin:
                return bool(admin.ping())
        except RedisError:
            return False
