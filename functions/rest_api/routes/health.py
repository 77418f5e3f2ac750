"""Is it well, and what did it do."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from danmu_tts import __version__
from danmu_tts.bootstrap import Container
from danmu_tts.domain.circuit import CircuitState
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.plugins import Kind
from danmu_tts.services.backends import BackendReport
from functions.rest_api.access import get_admin
from functions.rest_api.dependencies import ContainerDep
from functions.rest_api.errors import RESPONSES

router = APIRouter(tags=["Health"])
_FOR_ADMINS = [Depends(get_admin)]


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"
    timestamp: datetime
    version: str = __version__


class BackendStatus(BaseModel):
    """One backend's own word. ``disabled``: it lacks what ``detail`` names, and nobody misses it."""

    status: Literal["healthy", "unavailable", "disabled"]
    detail: str


class PluginStatus(BaseModel):
    """What a package adds. ``broken``: it was named in the settings and is not there."""

    name: str
    kind: Literal["backend", "cache", "plugin"]
    status: Literal["active", "broken"]
    detail: str


class CacheTier(BaseModel):
    """How full a tier is; 0 where it does not say."""

    entries: int = 0
    bytes: int = 0
    max_bytes: int = 0


class BudgetStatus(BaseModel):
    """What this month's paid voices came to, at list price, and what they may."""

    spent_usd: float
    monthly_usd: float | None


class DetailedHealth(BaseModel):
    """``degraded``: a backend cannot speak, a plugin is broken, or Redis or the ledger is away; ``down``: nobody can.

    ``redis``: `ok`, `away`, or `embedded` where each process has its own. ``gpu``: whether jobs
    can be sent to one, and how many wait; null where there is none.
    ``budget``: what paid voices cost this month, null while the ledger is away.
    """

    status: Literal["ok", "degraded", "down"]
    timestamp: datetime
    version: str = __version__
    backends: dict[str, BackendStatus]
    cache: dict[str, CacheTier]
    plugins: list[PluginStatus]
    redis: Literal["ok", "away", "embedded"]
    gpu: BackendStatus | None
    budget: BudgetStatus | None


@router.head("/health", include_in_schema=False)
@router.get("/health")
async def health() -> Health:
    """Cheap enough for a load balancer: touches nothing."""
    return Health(timestamp=datetime.now(UTC))


@router.get("/health/detailed", dependencies=_FOR_ADMINS, responses=RESPONSES)
async def detailed_health(container: ContainerDep) -> DetailedHealth:
    """What works and what does not. Always 200: the service itself answers."""
    backends = {name: report_status(report) for name, report in (await container.backends.reports()).items()}
    healthy = [each.status == "healthy" for each in backends.values()]
    budget, redis = await _budget(container), container.redis.status
    sound = all(healthy) and not container.broken and redis != "away" and budget is not None
    return DetailedHealth(
        status="down" if not any(healthy) else "ok" if sound else "degraded",
        timestamp=datetime.now(UTC),
        backends=backends | {name: absent_status(name, container) for name in container.backends.absent},
        redis=redis,
        gpu=next((backends[name] for name in backends if container.backends.is_queued(name)), None),
        budget=budget,
        cache={name: CacheTier(**figures) for name, figures in (await container.cache.stats()).items()},
        plugins=[
            PluginStatus(name=each.name, kind="plugin", status="active", detail=f"version {each.version}")
            for each in container.plugins
        ]
        + [
            PluginStatus(name=each.name, kind=each.kind.value, status="broken", detail=each.reason)
            for each in container.broken
        ],
    )


async def _budget(container: Container) -> BudgetStatus | None:
    try:
        total = await container.budget.total()
    except StoreAwayError:
        return None
    return BudgetStatus(spent_usd=total.usd, monthly_usd=container.budget.monthly_usd)


def absent_status(name: str, container: Container) -> BackendStatus:
    """A backend that is not there is switched off, unless it was to be there."""
    broken = any(each.kind is Kind.BACKEND and each.name == name for each in container.broken)
    return BackendStatus(status="unavailable" if broken else "disabled", detail=container.backends.absent[name])


def report_status(report: BackendReport) -> BackendStatus:
    """A backend is healthy while it says so and its calls do not fail."""
    if report.health.available and report.circuit is not CircuitState.CLOSED:
        return BackendStatus(status="unavailable", detail="failed too often lately and is left alone for a while")
    return BackendStatus(status="healthy" if report.health.available else "unavailable", detail=report.health.detail)


@router.get(
    "/metrics",
    response_class=Response,
    dependencies=_FOR_ADMINS,
    responses=RESPONSES | {200: {"content": {"text/plain": {}}}},
)
async def metrics(container: ContainerDep) -> Response:
    """Figures in Prometheus' text format."""
    with suppress(StoreAwayError):
        container.metrics.connections(await container.sessions.count())
    body, content_type = container.metrics.render()
    return Response(body, media_type=content_type)
