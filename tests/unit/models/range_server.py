"""A file server on the loopback that understands ranges, and misbehaves where a test says so."""

import re
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Fault:
    """How one answer goes wrong; the default is an answer as it should be."""

    status: int | None = None
    """Answer with this status and no file."""
    headers: dict[str, str] = field(default_factory=dict)
    drop_after_bytes: int | None = None
    """Close the connection after so many bytes of the body."""
    hides_length: bool = False
    """Send no Content-Length, so that a dropped connection looks like the end of the file."""
    ignores_range: bool = False
    shifts_range_bytes: int = 0
    """Send a range that starts so many bytes later than asked for."""
    corrupts: bool = False
    """Flip the first byte of the body."""
    body: bytes | None = None
    """Send this instead of the file."""


@dataclass(frozen=True)
class Seen:
    """One request as the server saw it."""

    path: str
    range: str | None


class RangeServer(ThreadingHTTPServer):
    """Serves `files` (by path); the next answers take their faults from `faults`, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.faults: deque[Fault] = deque()
        self.seen: list[Seen] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet: clients that go away in the middle are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: RangeServer

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.seen.append(Seen(self.path, asked))
        fault = self.server.faults.popleft() if self.server.faults else Fault()
        if fault.status:
            return self._answer(fault.status, b"", fault)
        content = self.server.files.get(self.path) if fault.body is None else fault.body
        if content is None:
            return self._answer(404, b"", fault)
        found = re.fullmatch(r"bytes=(\d+)-", asked or "")
        if not found or fault.ignores_range:
            return self._answer(200, content, fault)
        return self._answer_range(content, int(found[1]) + fault.shifts_range_bytes, fault)

    def _answer_range(self, content: bytes, start: int, fault: Fault) -> None:
        if start >= len(content):
            return self._answer(416, b"", fault)
        content_range = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._answer(206, content[start:], fault, {"Content-Range": content_range})

    def _answer(self, status: int, body: bytes, fault: Fault, headers: dict[str, str] | None = None) -> None:
        if fault.corrupts:
            body = bytes([body[0] ^ 0xFF]) + body[1:]
        self.send_response(status)
        if not fault.hides_length:
            self.send_header("Content-Length", str(len(body)))
        for name, value in {**(headers or {}), **fault.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: fault.drop_after_bytes])

    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Wed, 01 Jan 2025 00:00:00 GMT"

    def log_message(self, *args: object, **named: object) -> None:
        """Keep the test's output clean."""
