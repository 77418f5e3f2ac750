"""Who is asking: every route depends on one of these, or stands in ``app.OPEN_PATHS``."""

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request

from danmu_tts.callers import KEY_HEADER, credential_of, is_local
from danmu_tts.domain.access import Principal, Scope
from functions.rest_api.dependencies import container_of

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`danmu_…`, or a room token."},
    KEY_HEADER: {"type": "apiKey", "in": "header", "name": KEY_HEADER},
}


async def get_principal(request: Request) -> Principal:
    """Any caller whose credential is good. Raises UnauthorizedError and StoreAwayError."""
    headers = request.headers
    credential = credential_of(headers.getlist("authorization"), headers.getlist(KEY_HEADER))
    # By the event, which has the headers as they were sent.
    local = is_local(request.scope.get("aws.event") or {})
    return await container_of(request).access.identify(credential, local=local)


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
