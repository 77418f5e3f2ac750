"""Who calls, by what API Gateway says of a request: the credential that was shown, and whether it is from here."""

from collections.abc import Mapping, Sequence
from typing import Any

from danmu_tts.domain.access import Grant, Role
from danmu_tts.domain.errors import UnauthorizedError
from danmu_tts.domain.local_callers import is_local_caller

KEY_HEADER = "x-api-key"
# Browsers can send a WebSocket no header but the subprotocols, and OBS no more than a URL.
_QUERY_NAME = "token"


def credential_of(bearers: Sequence[str], keys: Sequence[str], others: Sequence[str] = ()) -> str | None:
    """What was sent as ``Authorization``, ``x-api-key``, or elsewhere. Raises UnauthorizedError where that is unclear.

    API Gateway joins repeated headers by commas, and no credential has one.
    """
    sent = [*bearers, *keys, *others]
    if len(sent) > 1 or any("," in value for value in sent):
        raise UnauthorizedError(f"Send one credential, once: `authorization` or `{KEY_HEADER}`.")
    if not bearers:
        return sent[0] if sent else None
    scheme, _, credential = bearers[0].partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthorizedError("The header must read `Authorization: Bearer danmu_…`.")
    return credential.strip(" ")


def event_headers(event: Mapping[str, Any]) -> dict[str, str]:
    """An event's headers by lower-case names, which only an HTTP API makes them."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def header_credential(headers: Mapping[str, str], others: Sequence[str] = ()) -> str | None:
    """What the headers of an event show, or whatever else was. Raises UnauthorizedError where that is unclear."""
    bearers, keys = ([headers[name]] if name in headers else [] for name in ("authorization", KEY_HEADER))
    return credential_of(bearers, keys, others)


def handshake_credential(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """What whoever opens a WebSocket shows. Raises UnauthorizedError where that is unclear."""
    from speech_contract.frames import SUBPROTOCOL

    offered = [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",")]
    others = [name for name in offered if name not in ("", SUBPROTOCOL)]
    if _QUERY_NAME in query:
        others.append(query[_QUERY_NAME])
    return header_credential(headers, others)


def is_local(event: Mapping[str, Any]) -> bool:
    """Whether an HTTP API's or a WebSocket API's caller is on the machine that serves."""
    context = event.get("requestContext", {})
    source_ip = (context.get("http") or context.get("identity") or {}).get("sourceIp", "")
    return is_local_caller(source_ip, event_headers(event))


def written(grant: Grant, client: str | None = None) -> dict[str, str]:
    """A grant as an authoriser's context, which holds strings and no nulls."""
    fields = {
        "key_id": grant.key_id,
        "proof": grant.proof,
        "room": grant.room,
        "role": grant.role,
        "expires_at": grant.expires_at,
        "client": client,
    }
    return {name: str(value) for name, value in fields.items() if value is not None}


def read(context: Mapping[str, Any]) -> tuple[Grant, str | None]:
    """The grant in an authoriser's context, and what the client calls itself."""
    expires_at = context.get("expires_at")
    grant = Grant(
        key_id=context.get("key_id"),
        proof=context.get("proof", ""),
        room=context.get("room"),
        role=Role(context["role"]) if "role" in context else None,
        expires_at=int(expires_at) if expires_at is not None else None,
    )
    return grant, context.get("client")
