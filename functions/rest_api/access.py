"""Who is asking: every route depends on one of these, or stands in ``app.OPEN_PATHS``."""

from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from danmu_tts.domain.access import Principal, Scope
from danmu_tts.domain.errors import UnauthorizedError
from danmu_tts.domain.local_callers import is_local_caller
from functions.rest_api.dependencies import ContainerDep

_KEY_HEADER = "x-api-key"
# For the description of the API. They do not refuse anybody; what a header means is decided below.
_BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="`danmu_…`, or a room token.")
_API_KEY = APIKeyHeader(name=_KEY_HEADER, auto_error=False, scheme_name=_KEY_HEADER)


async def get_principal(
    request: Request,
    container: ContainerDep,
    _bearer: Annotated[Any, Security(_BEARER)],
    _key: Annotated[Any, Security(_API_KEY)],
) -> Principal:
    """Any caller whose credential is good. Raises UnauthorizedError and StoreAwayError."""
    return await container.access.identify(_credential(request), local=_is_local(request.scope.get("aws.event") or {}))


PrincipalDep = Annotated[Principal, Depends(get_principal)]


async def get_speaker(principal: PrincipalDep) -> Principal:
    """A caller who may have texts spoken. Raises ForbiddenError too."""
    principal.require(Scope.SPEAK)
    return principal


async def get_admin(principal: PrincipalDep) -> Principal:
    """A caller who may see how the service is run. Raises ForbiddenError too."""
    principal.require(Scope.ADMIN)
    return principal


SpeakerDep = Annotated[Principal, Depends(get_speaker)]


def _credential(request: Request) -> str | None:
    """What was sent. API Gateway joins repeated headers by commas, and no key has one. Raises UnauthorizedError."""
    bearers, keys = request.headers.getlist("authorization"), request.headers.getlist(_KEY_HEADER)
    sent = [*bearers, *keys]
    if len(sent) > 1 or any("," in value for value in sent):
        raise UnauthorizedError(f"Send one credential, once: `authorization` or `{_KEY_HEADER}`.")
    if not bearers:
        return keys[0] if keys else None
    scheme, _, credential = bearers[0].partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthorizedError("The header must read `Authorization: Bearer danmu_…`.")
    return credential.strip(" ")


def _is_local(event: dict[str, Any]) -> bool:
    """By the event, which has the headers as they were sent."""
    source_ip = event.get("requestContext", {}).get("http", {}).get("sourceIp", "")
    return is_local_caller(source_ip, event.get("headers") or {})
