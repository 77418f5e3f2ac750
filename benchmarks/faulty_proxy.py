"""AWS on one machine, as a network and a bucket on a bad day let it be reached."""

import contextlib
import http.client
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_TIMEOUT_S = 30
_DROPPED = ("connection", "keep-alive", "transfer-encoding", "content-length", "date", "server")


class FaultyProxy:
    """Hands every request on, unless it is told otherwise.

    Attributes:
        queues_are_away: requests of queues find nobody.
        s3_fails: the share of requests of the bucket that are answered 503.
    """

    def __init__(self, server_url: str, seed: int) -> None:
        self.queues_are_away = False
        self.s3_fails = 0.0
        self.failed = 0
        self._address = urlsplit(server_url).netloc
        self._chance = random.Random(seed)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                with contextlib.suppress(ConnectionError):  # who asked has given up
                    proxy.serve(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 - as http.server calls them

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):
                    super().handle()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def serve(self, asked: BaseHTTPRequestHandler) -> None:
        """One request."""
        body = asked.rfile.read(int(asked.headers.get("content-length") or 0))
        is_of_queue = asked.command == "POST" and "x-amz-target" in asked.headers
        if is_of_queue and self.queues_are_away:
            asked.close_connection = True
            asked.connection.close()
            return
        if not is_of_queue and self._chance.random() < self.s3_fails:
            self.failed += 1
            self._answer(asked, 503, {}, b"")
            return
        upstream = http.client.HTTPConnection(self._address, timeout=_TIMEOUT_S)
        upstream.request(asked.command, asked.path, body, dict(asked.headers))
        answer = upstream.getresponse()
        data = answer.read()
        if is_of_queue and self.queues_are_away:  # a poll that was waiting when they went
            asked.close_connection = True
            asked.connection.close()
        else:
            self._answer(asked, answer.status, dict(answer.getheaders()), data)
        upstream.close()

    @contextmanager
    def running(self) -> Iterator["FaultyProxy"]:
        """Serve until the block ends."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        yield self
        self._server.shutdown()
        self._server.server_close()

    @staticmethod
    def _answer(asked: BaseHTTPRequestHandler, status: int, headers: dict[str, str], data: bytes) -> None:
        asked.send_response(status)
        length = headers.get("Content-Length", str(len(data))) if asked.command == "HEAD" else str(len(data))
        for name, value in headers.items():
            if name.lower() not in _DROPPED:
                asked.send_header(name, value)
        asked.send_header("Content-Length", length)
        asked.end_headers()
        if asked.command != "HEAD":
            asked.wfile.write(data)
