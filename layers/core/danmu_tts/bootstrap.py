"""The composition root: the one place that knows concrete adapters. Tests call :func:`build` with their own."""

import asyncio
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from danmu_tts.domain.access import Keyless
from danmu_tts.domain.errors import BackendDisabledError
from danmu_tts.domain.selection import VoiceChoice
from danmu_tts.observability import configure_logging
from danmu_tts.once import once
from danmu_tts.plugins import Additions, BackendContext, Broken, CacheContext, Kind
from danmu_tts.ports import (
    AudioEncoders,
    AudioLinks,
    Backend,
    KeyStore,
    Ledger,
    Metrics,
    Plugin,
    Pusher,
    Readers,
    SharedStore,
    SignedAudioFiles,
    SpeechCache,
    TieredSpeechCache,
)
from danmu_tts.services.access import Access
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.budget import Budget
from danmu_tts.services.delivery import Delivery
from danmu_tts.services.hooks import Hooks
from danmu_tts.services.limits import Limits
from danmu_tts.services.maker import Maker
from danmu_tts.services.sessions import SessionOptions, Sessions
from danmu_tts.services.single_flight import SingleFlight
from danmu_tts.services.source import Source
from danmu_tts.services.speak import SpeakOptions, SpeakService
from danmu_tts.services.spoken import Spoken, SpokenOptions
from danmu_tts.settings import ON_LAMBDA, Settings
from danmu_tts.settings_backends import PiperSettings

if TYPE_CHECKING:
    from danmu_tts.adapters.cache.signed_files import SignedFiles
    from danmu_tts.adapters.cache.tiered import TieredCache
    from danmu_tts.adapters.redis.client import RedisClient

_Clock = Callable[[], float]
# Name to factory. Each is imported only when the settings name it. Kokoro is not here: it comes by its entry point.
BACKENDS = {
    "piper": "danmu_tts.adapters.backends.piper_function:create",
    "edge": "danmu_tts.adapters.backends.edge:create",
    "azure": "danmu_tts.adapters.backends.azure_words:create",
    "openai": "danmu_tts.adapters.backends.openai:create",
}
# What sending the end of an utterance may take; API Gateway waits for 29 s.
_DELIVERY_S = 0.5
CACHES = {"s3": "danmu_tts.adapters.cache.s3:create_tier"}


@dataclass(frozen=True, slots=True)
class Container:
    """Everything that a handler may call."""

    settings: Settings
    readers: Readers
    speak: SpeakService
    maker: Maker
    backends: BackendManager
    cache: TieredSpeechCache
    redis: SharedStore
    budget: Budget
    metrics: Metrics
    signed_files: SignedAudioFiles
    access: Access
    delivery: Delivery
    sessions: Sessions
    model_aliases: frozenset[str]
    samples: Mapping[str, str]
    plugins: tuple[Plugin, ...]
    broken: tuple[Broken, ...]

    async def close(self) -> None:
        """Finish what is being kept, and give every connection back."""
        await self.sessions.close()
        await self.speak.close()
        await self.cache.close()
        await self.backends.close()
        await self.budget.close()
        await self.redis.close()


@dataclass(frozen=True, slots=True)
class _Cache:
    tiered: "TieredCache"
    links: AudioLinks
    signed_files: "SignedFiles"


@once
def container() -> Container:
    """The container of this process, built from the environment on first use."""
    settings = Settings()
    configure_logging(settings.logging)
    return build(settings)


@once
def piper_container() -> Container:
    """The container of the Piper function: that one backend, in process, whatever the environment says."""
    settings = Settings()
    configure_logging(settings.logging)
    own = {"tts": settings.tts.model_copy(update={"backends": ("piper",)}), "piper": PiperSettings()}
    return build(settings.model_copy(update=own))


def default_encoders(mp3_bitrate_kbps: int = 64) -> AudioEncoders:
    """Every encoder that is installed here."""
    from danmu_tts.adapters.audio.encoders import Encoders

    return Encoders(mp3_bitrate_kbps)


def build(
    settings: Settings,
    *,
    backends: Mapping[str, Backend] | None = None,
    encoders: AudioEncoders | None = None,
    pusher: Pusher | None = None,
    clock: _Clock = time.perf_counter,
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
) -> Container:
    """Wire the services. Reads nothing but the packaged data; opens nothing."""
    from danmu_tts.adapters.audio.joiner import Joiners
    from danmu_tts.adapters.circuits.redis import RedisCircuitBoard
    from danmu_tts.adapters.flights.redis import RedisFlights
    from danmu_tts.adapters.limits.gcra import LocalLimiter, RedisLimiter
    from danmu_tts.adapters.metrics.prometheus import PrometheusMetrics
    from danmu_tts.adapters.reading.readers import FileReaders
    from danmu_tts.adapters.redis.client import RedisClient

    aliases, samples = _data("voice_aliases.json"), _data("sample_lines.json")
    additions = Additions()
    absent: dict[str, str] = {}
    backends = _backends(settings, additions, absent) if backends is None else backends
    redis = RedisClient(settings.redis)
    cache = _cache(settings, additions, redis)
    made = (additions.make(Kind.PLUGIN, name, {}) for name in settings.tts.plugins)
    active = tuple(plugin for plugin in made if plugin is not None)
    metrics = PrometheusMetrics()
    choice = VoiceChoice(aliases["voices"], settings.tts.default_voices, settings.tts.patience_ms)
    manager = BackendManager(
        backends, absent, choice, metrics, clock, board=RedisCircuitBoard(redis) if settings.redis.url else None
    )
    maker = Maker(manager, encoders or default_encoders(settings.audio.mp3_bitrate_kbps), Joiners(), clock)
    spent = _ledger(settings, redis)
    budget = Budget(spent, settings.budget.monthly_usd, metrics, lambda: datetime.now(UTC), new_id)
    flights = SingleFlight(cache.tiered, RedisFlights(redis), clock)
    readers = FileReaders(settings.reading, settings.tts.default_language, clock)
    speak = SpeakService(
        manager,
        readers,
        Source(manager, maker, flights, budget, metrics),
        Limits(RedisLimiter(redis), LocalLimiter(), settings.limits, metrics),
        cache.links,
        Hooks(active),
        metrics,
        SpeakOptions(settings.tts.deadline_ms, settings.logging.log_text),
        clock,
        new_id,
    )
    access = Access(_keys(settings), _keyless(settings))
    delivery, sessions = _sessions(settings, redis, access, speak, pusher, clock)
    return Container(
        settings=settings,
        readers=readers,
        speak=speak,
        maker=maker,
        backends=manager,
        cache=cache.tiered,
        redis=redis,
        budget=budget,
        metrics=metrics,
        signed_files=cache.signed_files,
        access=access,
        delivery=delivery,
        sessions=sessions,
        model_aliases=frozenset(aliases["models"]),
        samples=samples,
        plugins=active,
        broken=tuple(additions.broken),
    )


def _backends(settings: Settings, additions: Additions, absent: dict[str, str]) -> dict[str, Backend]:
    """Those that can be had; why the others cannot goes into ``absent``."""
    from danmu_tts.engine_slots import EngineSlots

    context = BackendContext(settings, EngineSlots(settings.performance.synthesis_slots))
    built: dict[str, Backend] = {}
    for name in settings.tts.backends:
        try:
            backend = additions.make(Kind.BACKEND, name, BACKENDS, context)
        except BackendDisabledError as error:
            absent[name] = error.message
            continue
        if backend is not None:
            built[name] = backend
    absent |= {each.name: each.reason for each in additions.broken}
    return built


def _cache(settings: Settings, additions: Additions, redis: "RedisClient") -> "_Cache":
    """The tiers that can be had, as one cache, and who hands out links: S3 where it is one of them, else the files."""
    from danmu_tts.adapters.cache.files import FileCache
    from danmu_tts.adapters.cache.memory import MemoryCache
    from danmu_tts.adapters.cache.redis import RedisCache
    from danmu_tts.adapters.cache.signed_files import SignedFiles
    from danmu_tts.adapters.cache.tiered import TieredCache

    ours = settings.cache
    files = FileCache(ours.directory, ours.file_max_bytes, ours.file_ttl_s)
    memory = MemoryCache(ours.memory_max_bytes, ours.memory_ttl_s, refusal_ttl_s=ours.refusal_ttl_s)
    shared = RedisCache(redis, ours.redis_ttl_s, ours.redis_max_entry_bytes, ours.refusal_ttl_s)
    own: dict[str, SpeechCache] = {"memory": memory, "redis": shared, "file": files}
    context = CacheContext(settings)
    found = [own.get(name) or additions.make(Kind.CACHE, name, CACHES, context) for name in _tiers(settings)]
    tiers = [tier for tier in found if tier is not None]
    key = settings.security.url_signing_key
    signed_files = SignedFiles(
        files, ours.directory / "url-signing-key", settings.audio.url_ttl_s, key.get_secret_value() if key else None
    )
    links = next((tier for tier in tiers if isinstance(tier, AudioLinks)), signed_files)
    return _Cache(TieredCache(tiers, trusted=(*own, *CACHES)), links, signed_files)


def _sessions(
    settings: Settings, redis: "RedisClient", access: Access, speak: SpeakService, pusher: Pusher | None, clock: _Clock
) -> tuple[Delivery, Sessions]:
    """What the WebSocket needs beside what all have."""
    from danmu_tts.adapters.connections.management_api import ManagementApi
    from danmu_tts.adapters.connections.redis import RedisConnections, RedisUtterances

    connections = RedisConnections(redis, round(settings.websocket.duration_limit_s))
    delivery = Delivery(connections, pusher or ManagementApi(), clock, asyncio.sleep)
    return delivery, Sessions(
        access,
        Spoken(speak, SpokenOptions(settings.websocket.max_pushed_bytes, settings.server.public_url)),
        delivery,
        connections,
        RedisUtterances(redis) if settings.redis.url else None,
        SessionOptions(settings.tts.deadline_ms / 1000 + _DELIVERY_S, settings.websocket.return_ms / 1000),
    )


def _tiers(settings: Settings) -> tuple[str, ...]:
    """Those of the settings, or what there is for it: fastest first."""
    if settings.cache.tiers:
        return settings.cache.tiers
    return ("memory", *(["redis"] if settings.redis.url else []), "s3" if settings.s3.bucket else "file")


def _ledger(settings: Settings, redis: "RedisClient") -> Ledger:
    """Where all processes look, or else a file: it must outlive this process."""
    from danmu_tts.adapters.ledger.redis import RedisLedger
    from danmu_tts.adapters.ledger.sqlite import SqliteLedger

    return RedisLedger(redis) if settings.redis.url else SqliteLedger(settings.budget.file)


def _keys(settings: Settings) -> KeyStore:
    """Where API keys are kept: a bucket where one is named, else a folder."""
    from danmu_tts.adapters.aws.s3_objects import S3Objects
    from danmu_tts.adapters.keys.cached import CachedKeys
    from danmu_tts.adapters.keys.files import KeyFiles
    from danmu_tts.adapters.keys.s3 import KeyObjects

    s3 = settings.s3
    if s3.bucket:
        objects = S3Objects(s3.bucket, timeout_s=s3.timeout_ms / 1000)
        return CachedKeys(KeyObjects(objects, s3.prefix, s3.sse))
    return CachedKeys(KeyFiles(settings.security.keys_directory))


def _keyless(settings: Settings) -> Keyless:
    """Who needs no API key. On AWS Lambda that is nobody, whatever the settings say."""
    if ON_LAMBDA in os.environ:
        return Keyless.NOBODY
    return {"auto": Keyless.LOCAL, "on": Keyless.NOBODY, "off": Keyless.EVERYBODY}[settings.security.api_keys]


def _data(name: str) -> Any:
    return json.loads((files("danmu_tts") / "data" / name).read_text("utf-8"))
