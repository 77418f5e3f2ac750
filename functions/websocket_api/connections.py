"""The connection that an event is about."""

from collections.abc import Mapping
from typing import Any

from danmu_tts.callers import read
from danmu_tts.domain.access import Grant
from danmu_tts.domain.connections import Connection
from danmu_tts.settings import Settings

# An API without an authoriser lets nobody in: this is no key's id.
_NOBODY = Grant(key_id="nobody")


def connection_of(event: Mapping[str, Any], settings: Settings) -> Connection:
    """By its context, where the authoriser left what it found when the connection was opened."""
    context = event["requestContext"]
    endpoint = settings.websocket.management_url or f"https://{context['domainName']}/{context['stage']}"
    authorizer = context.get("authorizer")
    grant, client = read(authorizer) if authorizer is not None else (_NOBODY, None)
    return Connection(context["connectionId"], endpoint.rstrip("/"), grant, client, context["connectedAt"])
