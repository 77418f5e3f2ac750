"""The Lambda entry point: ``functions.authorizer.handler.handler``, an authoriser of type REQUEST for both APIs.

A WebSocket API asks once a connection, on ``$connect``, and repeats the answer's context in every event of that
connection. An HTTP API (payload 2.0, IAM responses) may keep an answer and use it for whatever else comes with the same
credential, so the answer is about the whole stage. The functions behind it look at the caller again; this one only
turns away at the door.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from danmu_tts import process_loop
from danmu_tts.callers import event_headers, handshake_credential, header_credential, is_local, written
from danmu_tts.domain.access import Grant
from danmu_tts.domain.errors import UnauthorizedError
from danmu_tts.observability import get_logger
from danmu_tts.once import once
from functions.warm_up import at_start

logger = get_logger("access")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Allow or deny. Raises ``Exception("Unauthorized")``, a WebSocket API's word for a 401, and StoreAwayError."""
    try:
        grant = process_loop.run(_admit(event))
    except UnauthorizedError:
        logger.info("turned away")
        if "methodArn" in event:
            raise Exception("Unauthorized") from None  # API Gateway knows it by this word
        return _policy("Deny", event, Grant(), None)
    return _policy("Allow", event, grant, _client(event))


async def _admit(event: Mapping[str, Any]) -> Grant:
    from danmu_tts.bootstrap import container

    headers = event_headers(event)
    if "methodArn" in event:
        credential = handshake_credential(headers, event.get("queryStringParameters") or {})
    else:
        credential = header_credential(headers)
    return await container().access.admit(credential, local=is_local(event))


def _policy(effect: str, event: Mapping[str, Any], grant: Grant, client: str | None) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": _resource(event)}
    return {
        "principalId": grant.key_id or "anonymous",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": written(grant, client),
    }


def _resource(event: Mapping[str, Any]) -> str:
    """The connection that is asked for, or every route of the stage."""
    if "methodArn" in event:
        return str(event["methodArn"])
    api, stage, *_ = str(event["routeArn"]).split("/")
    return f"{api}/{stage}/*"


def _client(event: Mapping[str, Any]) -> str | None:
    """What the client calls itself, if that is a name."""
    try:
        return _client_ids().validate_python((event.get("queryStringParameters") or {}).get("client"))
    except ValidationError:
        return None


@once
def _client_ids() -> TypeAdapter[str]:
    from speech_contract.frames import ClientId

    return TypeAdapter(ClientId)


def _warm() -> None:
    from danmu_tts.bootstrap import container

    container()
    _client_ids()


at_start(_warm)
