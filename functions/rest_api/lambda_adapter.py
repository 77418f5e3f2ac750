"""Mangum on the process's own event loop."""

import re
from typing import Any

from mangum import Mangum
from mangum.protocols import HTTPCycle
from mangum.types import ASGI

from danmu_tts import process_loop

# Mangum takes the Host header apart without looking. API Gateway sends a good one; other senders may not.
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?")


class LambdaAdapter(Mangum):
    """Turns an event into an ASGI call and back, like Mangum, whose loop would end with each thread that calls it."""

    def __init__(self, app: ASGI) -> None:
        super().__init__(app, lifespan="off")

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer one event, from any thread."""
        return process_loop.run(self._answer(event, context))

    async def _answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        translator = self.infer(_with_sound_host(event), context)
        cycle = HTTPCycle(translator.scope, translator.body)
        await cycle.run(self.app)
        return translator({"status": cycle.status, "headers": cycle.headers, "body": cycle.body})


def _with_sound_host(event: dict[str, Any]) -> dict[str, Any]:
    """The event, under the API's own domain name where the Host header is none."""
    headers: dict[str, str] = event.get("headers") or {}
    if _HOST.fullmatch(headers.get("host", "")):
        return event
    domain: str = event["requestContext"].get("domainName", "")
    return event | {"headers": headers | {"host": domain if _HOST.fullmatch(domain) else "localhost"}}
