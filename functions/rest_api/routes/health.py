"""Is it well, and what did it do."""

from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from danmu_tts import __version__
from functions.rest_api.dependencies import ContainerDep

router = APIRouter(tags=["Health"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"
    timestamp: datetime
    version: str = __version__


class BackendStatus(BaseModel):
    """One backend's own word."""

    status: Literal["healthy", "unavailable"]
    detail: str


class CacheTier(BaseModel):
    """How full a tier is."""

    entries: int
    bytes: int
    max_bytes: int


class DetailedHealth(BaseModel):
    """``degraded``: some backend cannot speak; ``down``: none can. ``gpu`` and ``budget``: null where there is none."""

    status: Literal["ok", "degraded", "down"]
    timestamp: datetime
    version: str = __version__
    backends: dict[str, BackendStatus]
    cache: dict[str, CacheTier]
    gpu: None = None
    budget: None = None


@router.head("/health", include_in_schema=False)
@router.get("/health")
async def health() -> Health:
    """Cheap enough for a load balancer: touches nothing."""
    return Health(timestamp=datetime.now(UTC))


@router.get("/health/detailed")
async def detailed_health(container: ContainerDep) -> DetailedHealth:
    """What works and what does not. Always 200: the service itself answers."""
    backends = await container.voices.health()
    available = [each.available for each in backends.values()]
    return DetailedHealth(
        status="ok" if available and all(available) else "degraded" if any(available) else "down",
        timestamp=datetime.now(UTC),
        backends={
            name: BackendStatus(status="healthy" if each.available else "unavailable", detail=each.detail)
            for name, each in backends.items()
        },
        cache={name: CacheTier(**figures) for name, figures in (await container.cache.stats()).items()},
    )


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(container: ContainerDep) -> Response:
    """Figures in Prometheus' text format."""
    body, content_type = container.metrics.render()
    return Response(body, media_type=content_type)
