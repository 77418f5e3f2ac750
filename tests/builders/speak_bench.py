"""A speak service over fakes where the vendors are and the real thing everywhere else."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from danmu_tts.adapters.audio.encoders import Encoders
from danmu_tts.adapters.audio.joiner import Joiners
from danmu_tts.adapters.cache.files import FileCache
from danmu_tts.adapters.cache.memory import MemoryCache
from danmu_tts.adapters.cache.signed_files import SignedFiles
from danmu_tts.adapters.cache.tiered import TieredCache
from danmu_tts.adapters.flights.redis import RedisFlights
from danmu_tts.adapters.ledger.sqlite import SqliteLedger
from danmu_tts.adapters.limits.gcra import LocalLimiter, RedisLimiter
from danmu_tts.adapters.reading.readers import FileReaders
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.circuit import CircuitPolicy
from danmu_tts.domain.selection import VoiceChoice
from danmu_tts.ports import Backend, Metrics, Plugin, Readers
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.budget import Budget
from danmu_tts.services.hooks import Hooks
from danmu_tts.services.limits import Limits
from danmu_tts.services.maker import Maker
from danmu_tts.services.single_flight import SingleFlight
from danmu_tts.services.source import Source
from danmu_tts.services.speak import SpeakService
from danmu_tts.services.speech_log import SpeechLog
from danmu_tts.services.trying import Trying
from danmu_tts.settings import LimitSettings, RedisSettings
from danmu_tts.settings_reading import ReadingSettings
from tests.builders.clock import FakeClock
from tests.builders.recording_metrics import RecordingMetrics

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class SpeakBench:
    service: SpeakService
    backends: BackendManager
    pauses_s: list[float]
    metrics: RecordingMetrics
    budget: Budget
    memory: MemoryCache
    files: FileCache
    cache: TieredCache


def a_manager(
    *backends: Backend,
    aliases: Mapping[str, Sequence[str]] | None = None,
    defaults: Mapping[str, str] | None = None,
    absent: Mapping[str, str] | None = None,
    metrics: Metrics | None = None,
    clock: Callable[[], float] | None = None,
    circuit: CircuitPolicy | None = None,
) -> BackendManager:
    return BackendManager(
        {backend.name: backend for backend in backends},
        absent or {},
        VoiceChoice(aliases or {}, defaults or {}),
        metrics or RecordingMetrics(),
        clock or FakeClock(),
        circuit=circuit,
    )


def speak_bench(
    *backends: Backend,
    directory: Path,
    clock: Callable[[], float] | None = None,
    log_text: bool = False,
    deadline_ms: int = 30_000,
    plugins: Sequence[Plugin] = (),
    circuit: CircuitPolicy | None = None,
    cache: TieredCache | None = None,
    limits: LimitSettings | None = None,
    readers: Readers | None = None,
    monthly_usd: float | None = None,
    now: datetime = datetime(2026, 11, 22, tzinfo=UTC),
    file_bytes: int = 8 * MEGABYTE,
) -> SpeakBench:
    memory = MemoryCache(MEGABYTE, ttl_s=3600, clock=FakeClock())
    files = FileCache(directory / "cache", file_bytes, ttl_s=3600, clock=FakeClock())
    cache = cache or TieredCache([memory, files])
    redis = RedisClient(RedisSettings())
    metrics = RecordingMetrics()
    ids = count(1)
    clock = clock or FakeClock()
    manager = a_manager(*backends, metrics=metrics, clock=clock, circuit=circuit)
    pauses_s: list[float] = []

    async def pause(seconds: float) -> None:
        pauses_s.append(seconds)

    maker = Maker(manager, Encoders(), Joiners(), clock, sleep=pause)
    budget = Budget(
        SqliteLedger(directory / "spend.sqlite3"), monthly_usd, metrics, lambda: now, lambda: uuid.uuid4().hex
    )
    source = Source(manager, maker, SingleFlight(cache, RedisFlights(redis), clock), budget, metrics)
    service = SpeakService(
        manager,
        readers or FileReaders(ReadingSettings(), "zh", FakeClock()),
        Trying(manager, source, metrics, clock, lambda: f"speech-{next(ids)}"),
        Limits(RedisLimiter(redis), LocalLimiter(), limits or LimitSettings(), metrics),
        SignedFiles(files, directory / "signing-key", ttl_s=900, clock=FakeClock()),
        Hooks(plugins),
        None,
        SpeechLog(metrics, clock, log_text=log_text),
        deadline_ms,
        clock,
    )
    return SpeakBench(service, manager, pauses_s, metrics, budget, memory, files, cache)
