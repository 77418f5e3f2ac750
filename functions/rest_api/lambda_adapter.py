"""Mangum on the process's own event loop."""

import re
from typing import Any

from mangum import Mangum
from mangum.protocols import HTTPCycle
from mangum.types import ASGI

from danmu_tts import process_loop

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>\d{1,5}))?")
_LARGEST_PORT = 65535


class LambdaAdapter(Mangum):
    """Turns an event into an ASGI call and back, like Mangum, whose loop would end with each thread that calls it."""

    def __init__(self, app: ASGI) -> None:
        super().__init__(app, lifespan="off")

    def _setup_event_loop(self) -> None:
        """Mangum would make a loop for the thread that builds it; nobody would run or close it."""

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer one event, from any thread."""
        return process_loop.run(self._answer(event, context))

    async def _answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        headers: dict[str, str] = event.get("headers") or {}
        # Mangum takes the Host header apart without looking and fails on [::1]:8000, so it gets a simple one.
        translator = self.infer(event | {"headers": headers | {"host": "localhost"}}, context)
        host = _sound_host(headers.get("host", ""), event)
        scope = translator.scope
        scope["aws.event"] = event  # with the Host that was sent: who is local is told by it
        scope["headers"] = [[name, host if name == b"host" else value] for name, value in scope["headers"]]
        cycle = HTTPCycle(scope, translator.body)
        await cycle.run(self.app)
        return translator({"status": cycle.status, "headers": cycle.headers, "body": cycle.body})


def _sound_host(host: str, event: dict[str, Any]) -> bytes:
    """The Host header, or the API's own domain name where it is none: audio URLs are built from it."""
    for candidate in (host, str(event["requestContext"].get("domainName", ""))):
        match = _HOST.fullmatch(candidate)
        if match and 0 < int(match["port"] or 1) <= _LARGEST_PORT:
            return candidate.encode("ascii")
    return b"localhost"
