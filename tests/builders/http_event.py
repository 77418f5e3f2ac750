"""An HTTP request as API Gateway would send it to a function."""

import json
from collections.abc import Mapping
from typing import Any

from infra.local.http_events import HttpRequest, build_event

REMOTE_IP = "192.0.2.1"
LOCAL_IP = "127.0.0.1"


def http_event(
    method: str,
    path: str,
    body: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    source_ip: str = REMOTE_IP,
    scheme: str = "https",
) -> dict[str, Any]:
    """A request from somewhere on the internet, to ``api.example.com`` over TLS; ``body`` goes as JSON."""
    sent = {"host": "api.example.com", "content-type": "application/json"} | dict(headers or {})
    request = HttpRequest(
        method=method,
        raw_path=path.encode(),
        raw_query=b"",
        http_version="1.1",
        headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
        body=b"" if body is None else json.dumps(body).encode(),
        source_ip=source_ip,
        scheme=scheme,
        port=443 if scheme == "https" else 8000,
    )
    return build_event(request, request_id=f"id of {path}", epoch_ms=1_583_348_638_390)


def local_event(
    method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A request from this machine."""
    sent = {"host": "127.0.0.1:8000"} | dict(headers or {})
    return http_event(method, path, body, headers=sent, source_ip=LOCAL_IP, scheme="http")
