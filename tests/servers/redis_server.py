"""Redis itself: plain, as on one machine, and as ElastiCache Serverless offers it."""

import os
import shutil
from pathlib import Path

import pytest
import trustme
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.servers.process import ServerProcess, free_port

_MISSING = "redis-server is not installed; on Debian and Ubuntu: apt-get install redis-server"
_TIMEOUT_S = 60


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


class ClusterRedisServer(RedisServer):
    """TLS only, a cluster of one node that has all slots, and a user with the rights that one would give on AWS.

    ``user`` may use keys and channels below ``danmu:``, by ordinary commands. A certificate of ``ca_file`` names both
    hosts, because redis-py's cluster client resolves "localhost" before it connects.

    Each start takes 2 s: a master waits as long for others before it calls its cluster healthy
    (CLUSTER_WRITABLE_DELAY in Redis's cluster.c).
    """

    user = "danmu"
    password = "viewers-never-see-this"
    rights = "~danmu:* &danmu:* +@all -@admin -@dangerous"
    _admin_password = "only-the-harness-knows-this"

    def __init__(self, folder: Path) -> None:
        self.ca_file = folder / "ca.pem"
        self._bus_port = free_port()
        super().__init__(folder)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")

    @property
    def url(self) -> str:
        """For the client under test, which also needs ``ca_file``."""
        return f"rediss+cluster://{self.user}:{self.password}@localhost:{self.port}"

    def admin(self) -> Redis:
        """A client that may do everything on the one node. Close it."""
        return Redis(
            host="localhost",
            port=self.port,
            username="admin",
            password=self._admin_password,
            ssl=True,
            ssl_ca_certs=str(self.ca_file),
            socket_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )

    def _directives(self) -> list[str]:
        return [
            *super()._directives(),
            "port 0",
            f"tls-port {self.port}",
            "tls-cert-file server.pem",
            "tls-key-file server.pem",
            "tls-ca-cert-file ca.pem",
            "tls-auth-clients no",
            "tls-cluster yes",
            "cluster-enabled yes",
            f"cluster-port {self._bus_port}",
            "cluster-announce-hostname localhost",
            "cluster-preferred-endpoint-type hostname",
            "user default off",
            f"user admin on >{self._admin_password} ~* &* +@all",
            f"user {self.user} on >{self.password} {self.rights}",
        ]

    def _is_ready(self) -> bool:
        """Give it the slots once it answers; later starts read them from its folder."""
        if not super()._is_ready():
            return False
        with self.admin() as admin:
            state: dict[str, str] = admin.execute_command("CLUSTER INFO")
            if state["cluster_slots_assigned"] == "0":
                admin.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            return state["cluster_state"] == "ok"
