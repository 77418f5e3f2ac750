"""The composition root: the one place that knows concrete adapters. Tests call :func:`build` with their own."""

import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from danmu_tts import process_loop
from danmu_tts.bootstrap.data import packaged
from danmu_tts.bootstrap.reference_voices import make_reference_voices
from danmu_tts.bootstrap.rooms import RoomServices, make_rooms
from danmu_tts.bootstrap.sessions import make_sessions
from danmu_tts.bootstrap.stores import make_cache, make_keys, make_ledger
from danmu_tts.domain.access import Keyless
from danmu_tts.domain.errors import BackendDisabledError
from danmu_tts.domain.selection import VoiceChoice
from danmu_tts.observability import configure_logging
from danmu_tts.on_lambda import ON_LAMBDA
from danmu_tts.once import once
from danmu_tts.plugins import Additions, BackendContext, Broken, Kind
from danmu_tts.ports import (
    AudioEncoders,
    Backend,
    Expected,
    Metrics,
    Plugin,
    Pusher,
    Readers,
    SharedStore,
    SignedAudioFiles,
    TieredSpeechCache,
)
from danmu_tts.services.access import Access
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.budget import Budget
from danmu_tts.services.delivery import Delivery
from danmu_tts.services.hooks import Hooks
from danmu_tts.services.jobs import Jobs
from danmu_tts.services.limits import Limits
from danmu_tts.services.maker import Maker
from danmu_tts.services.reference_voices import ReferenceVoices
from danmu_tts.services.sessions import Sessions
from danmu_tts.services.single_flight import SingleFlight
from danmu_tts.services.source import Source
from danmu_tts.services.speak import SpeakService
from danmu_tts.services.speech_log import SpeechLog
from danmu_tts.services.trying import Trying
from danmu_tts.settings import MetricsSettings, Settings
from danmu_tts.settings_backends import PiperSettings

_Clock = Callable[[], float]
# Name to factory. Each is imported only when the settings name it. Kokoro is not here: it comes by its entry point.
BACKENDS = {
    "piper": "danmu_tts.adapters.backends.piper_function:create",
    "edge": "danmu_tts.adapters.backends.edge:create",
    "azure": "danmu_tts.adapters.backends.azure_words:create",
    "openai": "danmu_tts.adapters.backends.openai:create",
    "xtts": "danmu_tts.adapters.backends.xtts:create",
}


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
    jobs: Jobs
    rooms: RoomServices
    reference_voices: ReferenceVoices
    model_aliases: frozenset[str]
    samples: Mapping[str, str]
    plugins: tuple[Plugin, ...]
    broken: tuple[Broken, ...]

    async def close(self) -> None:
        """Finish what is being kept, and give every connection back."""
        await self.rooms.telling.close()
        await self.sessions.close()
        await self.jobs.close()
        await self.speak.close()
        await self.cache.close()
        await self.backends.close()
        await self.budget.close()
        await self.redis.close()


@once
def container() -> Container:
    """The container of this process, built from the environment on first use."""
    settings = Settings()
    configure_logging(settings.logging)
    built = build(settings)
    process_loop.at_each_end(built.metrics.flush)
    return built


@once
def piper_container() -> Container:
    """The container of the Piper function: that one backend, in process, whatever the environment says."""
    settings = Settings()
    configure_logging(settings.logging)
    own = {
        "tts": settings.tts.model_copy(update={"backends": ("piper",)}),
        "piper": PiperSettings(),
        "metrics": MetricsSettings(emf="off"),  # whoever calls it counts
    }
    return build(settings.model_copy(update=own))


def warm(built: Container) -> None:
    """Do what the first line would wait for, as far as nobody else is needed for it: nothing is connected or paid."""
    from danmu_tts.adapters.warming import load_libraries

    load_libraries()
    built.readers.reader(None, None).read("你好，hello")


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
    from danmu_tts.adapters.jobs.expected import RedisExpected
    from danmu_tts.adapters.limits.gcra import LocalLimiter, RedisLimiter
    from danmu_tts.adapters.reading.readers import FileReaders
    from danmu_tts.adapters.redis.client import RedisClient

    aliases, samples = packaged("voice_aliases.json"), packaged("sample_lines.json")
    additions = Additions()
    absent: dict[str, str] = {}
    redis = RedisClient(settings.redis)
    backends = _backends(settings, additions, absent, RedisExpected(redis)) if backends is None else backends
    cache = make_cache(settings, additions, redis)
    made = (additions.make(Kind.PLUGIN, name, {}) for name in settings.tts.plugins)
    active = tuple(plugin for plugin in made if plugin is not None)
    metrics = _metrics(settings.metrics)
    choice = VoiceChoice(aliases["voices"], settings.tts.default_voices, settings.tts.patience_ms)
    manager = BackendManager(
        backends, absent, choice, metrics, clock, board=RedisCircuitBoard(redis) if settings.redis.url else None
    )
    maker = Maker(manager, encoders or default_encoders(settings.audio.mp3_bitrate_kbps), Joiners(), clock)
    spent = make_ledger(settings, redis)
    budget = Budget(spent, settings.budget.monthly_usd, metrics, lambda: datetime.now(UTC), new_id)
    flights = SingleFlight(cache.tiered, RedisFlights(redis), clock)
    readers = FileReaders(settings.reading, settings.tts.default_language, clock)
    references = make_reference_voices(settings, redis, cache.tiered)
    speak = SpeakService(
        manager,
        readers,
        Trying(manager, Source(manager, maker, flights, budget, metrics), metrics, clock, new_id),
        Limits(RedisLimiter(redis), LocalLimiter(), settings.limits, metrics),
        cache.links,
        Hooks(active),
        references,
        SpeechLog(metrics, clock, log_text=settings.logging.log_text),
        settings.tts.deadline_ms,
        clock,
    )
    access = Access(make_keys(settings), _keyless(settings))
    connected = make_sessions(settings, redis, pusher, cache.tiered, access, speak, manager, metrics, clock, new_id)
    delivery = connected.delivery
    rooms = make_rooms(
        settings,
        redis,
        readers=readers,
        backends=manager,
        speak=speak,
        budget=budget,
        delivery=delivery,
        metrics=metrics,
        clock=clock,
        new_id=new_id,
    )
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
        sessions=connected.sessions,
        jobs=connected.jobs,
        rooms=rooms,
        reference_voices=references,
        model_aliases=frozenset(aliases["models"]),
        samples=samples,
        plugins=active,
        broken=tuple(additions.broken),
    )


def _backends(
    settings: Settings, additions: Additions, absent: dict[str, str], expected: Expected
) -> dict[str, Backend]:
    """Those that can be had; why the others cannot goes into ``absent``."""
    from danmu_tts.engine_slots import EngineSlots

    context = BackendContext(settings, EngineSlots(settings.performance.synthesis_slots), expected)
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


def _metrics(settings: MetricsSettings) -> Metrics:
    """For a scraper, and for CloudWatch where that reads along."""
    from danmu_tts.adapters.metrics.prometheus import PrometheusMetrics

    scraped = PrometheusMetrics()
    if settings.emf == "on" or (settings.emf == "auto" and ON_LAMBDA in os.environ):
        from danmu_tts.adapters.metrics.emf import EmfMetrics

        return EmfMetrics(scraped)
    return scraped


def _keyless(settings: Settings) -> Keyless:
    """Who needs no API key. On AWS Lambda that is nobody, whatever the settings say."""
    if ON_LAMBDA in os.environ:
        return Keyless.NOBODY
    return {"auto": Keyless.LOCAL, "on": Keyless.NOBODY, "off": Keyless.EVERYBODY}[settings.security.api_keys]
