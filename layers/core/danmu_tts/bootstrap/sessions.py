"""What tells clients something over their connections: sessions, jobs, and the delivery that both have in common."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from danmu_tts.on_lambda import ON_LAMBDA
from danmu_tts.ports import Metrics, Pusher, SpeechCache
from danmu_tts.services.access import Access
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.delivery import Delivery
from danmu_tts.services.job_telling import JobTelling
from danmu_tts.services.jobs import JobOptions, Jobs, JobWorld
from danmu_tts.services.sessions import SessionOptions, Sessions
from danmu_tts.services.speak import SpeakService
from danmu_tts.services.spoken import Spoken, SpokenOptions
from danmu_tts.settings import Settings

if TYPE_CHECKING:
    from danmu_tts.adapters.redis.client import RedisClient

# What sending the end of an utterance may take; API Gateway waits for 29 s.
_DELIVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class SessionServices:
    """See the module."""

    delivery: Delivery
    jobs: Jobs
    sessions: Sessions


def make_sessions(
    settings: Settings,
    redis: "RedisClient",
    pusher: Pusher | None,
    cache: SpeechCache,
    access: Access,
    speak: SpeakService,
    backends: BackendManager,
    metrics: Metrics,
    clock: Callable[[], float],
    new_id: Callable[[], str],
) -> SessionServices:
    """Wire them."""
    from danmu_tts.adapters.connections.management_api import ManagementApi
    from danmu_tts.adapters.connections.redis import RedisConnections, RedisUtterances
    from danmu_tts.adapters.jobs.expected import RedisExpected
    from danmu_tts.adapters.jobs.redis import RedisJobs

    connections = RedisConnections(redis, round(settings.websocket.duration_limit_s))
    delivery = Delivery(connections, pusher or ManagementApi(), clock, asyncio.sleep)
    own, public_url = settings.xtts, settings.server.public_url
    store = RedisJobs(redis, own.job_ttl_s)
    world = JobWorld(store, RedisExpected(redis), cache, metrics, time.time, asyncio.sleep, new_id)
    telling = JobTelling(speak, delivery, public_url)
    lives_on = ON_LAMBDA not in os.environ
    options = JobOptions(own.patience_ms / 1000, own.fallback_ms / 1000, keeps_time=lives_on)
    jobs = Jobs(speak, backends, telling, options, world)
    sessions = Sessions(
        access,
        Spoken(speak, jobs, SpokenOptions(settings.websocket.max_pushed_bytes, public_url)),
        delivery,
        connections,
        RedisUtterances(redis) if settings.redis.url else None,
        jobs,
        SessionOptions(settings.tts.deadline_ms / 1000 + _DELIVERY_S, settings.websocket.return_ms / 1000),
    )
    return SessionServices(delivery, jobs, sessions)
