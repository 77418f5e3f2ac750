"""``/health`` and ``/metrics``, for those who run the service."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gpu_service.metrics import Metrics
from gpu_service.watch import Watch

_TIMEOUT_S = 4


class HealthServer:
    """Answers from a thread of its own, also while the model is loading. ``port`` may be 0: any that is free."""

    def __init__(self, host: str, port: int, watch: Watch, metrics: Metrics) -> None:
        class Handler(_Handler):
            pass

        Handler.watch, Handler.metrics = watch, metrics
        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def ask_health(port: int) -> str | None:
    """None where the service on this machine is well, else why it is not."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        body = answer.read(1000).decode("utf-8", "replace")
    except OSError as error:
        return f"no answer on port {port}: {error}"
    finally:
        connection.close()
    return None if answer.status == http.HTTPStatus.OK else body


class _Handler(BaseHTTPRequestHandler):
    watch: Watch
    metrics: Metrics
    timeout = _TIMEOUT_S

    def do_GET(self) -> None:
        """Answer one request."""
        if self.path == "/health":
            health = self.watch.health
            body = {"status": health, "stuck_for_s": round(self.watch.stuck_for_s, 1)}
            self._answer(200 if health == "ready" else 503, "application/json", json.dumps(body).encode())
        elif self.path == "/metrics":
            self._answer(200, "text/plain; version=0.0.4; charset=utf-8", self.metrics.text())
        else:
            self._answer(404, "text/plain", b"/health or /metrics\n")

    def log_message(self, *_: Any) -> None:
        """Not a line each time that somebody asks."""

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
