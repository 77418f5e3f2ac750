"""A speak service over fakes where the vendors are and the real thing everywhere else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from danmu_tts.adapters.audio.encoders import Encoders
from danmu_tts.adapters.cache.files import FileCache
from danmu_tts.adapters.cache.memory import MemoryCache
from danmu_tts.adapters.cache.signed_files import SignedFiles
from danmu_tts.adapters.cache.tiered import TieredCache
from danmu_tts.domain.voices import VoiceChoice
from danmu_tts.ports import Backend, SpeechCache
from danmu_tts.services.speak import SpeakOptions, SpeakService
from danmu_tts.services.voices import VoiceCatalogue
from tests.builders.clock import FakeClock
from tests.builders.recording_metrics import RecordingMetrics

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class SpeakBench:
    service: SpeakService
    metrics: RecordingMetrics
    memory: MemoryCache
    files: FileCache


def a_catalogue(*backends: Backend, aliases: Mapping[str, Sequence[str]] | None = None) -> VoiceCatalogue:
    return VoiceCatalogue({backend.name: backend for backend in backends}, VoiceChoice(aliases or {}, {}))


def speak_bench(
    *backends: Backend,
    directory: Path,
    clock: Callable[[], float] | None = None,
    log_text: bool = False,
    deadline_ms: int = 30_000,
) -> SpeakBench:
    memory = MemoryCache(MEGABYTE, ttl_s=3600, clock=FakeClock())
    files = FileCache(directory / "cache", 8 * MEGABYTE, ttl_s=3600, clock=FakeClock())
    cache: SpeechCache = TieredCache([memory, files])
    metrics = RecordingMetrics()
    ids = count(1)
    service = SpeakService(
        a_catalogue(*backends),
        cache,
        SignedFiles(files, directory / "signing-key", ttl_s=900, clock=FakeClock()),
        Encoders(),
        metrics,
        SpeakOptions(default_language="zh", deadline_ms=deadline_ms, log_text=log_text),
        clock or FakeClock(),
        lambda: f"speech-{next(ids)}",
    )
    return SpeakBench(service, metrics, memory, files)
