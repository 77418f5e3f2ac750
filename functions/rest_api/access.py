"""Who is asking: every route depends on one of these, or stands in ``app.OPEN_PATHS``."""

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request

from danmu_tts.domain.access import Principal, Scope
from danmu_tts.domain.errors import UnauthorizedError
from danmu_tts.domain.local_callers import is_local_caller
from functions.rest_api.dependencies import container_of

_KEY_HEADER = "x-api-key"
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`danmu_…`, or a room token."},
    _KEY_HEADER: {"type": "apiKey", "in": "header", "name": _KEY_HEADER},
}


async def get_principal(request: Request) -> Principal:
    """Any caller whose credential is good. Raises UnauthorizedError and StoreAwayError."""
    local = _is_local(request.scope.get("aws.event") or {})
    return await container_of(request).access.identify(_credential(request), local=local)


async def get_speaker(request: Request) -> Principal:
    """A caller who may have texts spoken. Raises ForbiddenError too."""
    principal = await get_principal(request)
    principal.require(Scope.SPEAK)
    return principal


async def get_admin(request: Request) -> Principal:
    """A caller who may see how the service is run. Raises ForbiddenError too."""
    principal = await get_principal(request)
    principal.require(Scope.ADMIN)
    return principal


SpeakerDep = Annotated[Principal, Depends(get_speaker)]


def describe(app: FastAPI, open_paths: Collection[str]) -> None:
    """Say in the description of the API what to send. FastAPI's own way costs every request two dependencies."""
    generate = app.openapi

    def described() -> dict[str, Any]:
        description = generate()
        description["components"]["securitySchemes"] = _SCHEMES
        for path, methods in description["paths"].items():
            for operation in methods.values() if path not in open_paths else ():
                operation["security"] = [{name: []} for name in _SCHEMES]
        return description

    app.openapi = described  # type: ignore[method-assign] # FastAPI's documented way


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
