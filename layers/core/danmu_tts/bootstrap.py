"""The composition root: the one place that knows concrete adapters. Tests call :func:`build` with their own."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from typing import Any

from danmu_tts.domain.voices import VoiceChoice
from danmu_tts.observability import configure_logging, get_logger
from danmu_tts.once import once
from danmu_tts.ports import AudioEncoders, Backend, Metrics, SignedAudioFiles, SpeechCache
from danmu_tts.services.speak import SpeakOptions, SpeakService
from danmu_tts.services.voices import VoiceCatalogue
from danmu_tts.settings import Settings

# Each is imported only when the settings name it.
BACKENDS = {
    "piper": "danmu_tts.adapters.backends.piper:PiperBackend",
    "kokoro": "danmu_tts.adapters.backends.kokoro:KokoroBackend",
}


@dataclass(frozen=True, slots=True)
class Container:
    """Everything that a handler may call."""

    settings: Settings
    speak: SpeakService
    voices: VoiceCatalogue
    cache: SpeechCache
    metrics: Metrics
    signed_files: SignedAudioFiles
    model_aliases: frozenset[str]


@once
def container() -> Container:
    """The container of this process, built from the environment on first use."""
    settings = Settings()
    configure_logging(settings.logging)
    return build(settings)


def default_encoders(mp3_bitrate_kbps: int = 64) -> AudioEncoders:
    """Every encoder that is installed here."""
    from danmu_tts.adapters.audio.encoders import Encoders

    return Encoders(mp3_bitrate_kbps)


def build(
    settings: Settings,
    *,
    backends: Mapping[str, Backend] | None = None,
    encoders: AudioEncoders | None = None,
    clock: Callable[[], float] = time.perf_counter,
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
) -> Container:
    """Wire the services. Reads nothing but the packaged data; opens nothing."""
    from danmu_tts.adapters.cache.files import FileCache
    from danmu_tts.adapters.cache.memory import MemoryCache
    from danmu_tts.adapters.cache.signed_files import SignedFiles
    from danmu_tts.adapters.cache.tiered import TieredCache
    from danmu_tts.adapters.metrics.prometheus import PrometheusMetrics

    aliases = json.loads((files("danmu_tts") / "data" / "voice_aliases.json").read_text("utf-8"))
    stored = FileCache(settings.cache.directory, settings.cache.file_max_bytes, settings.cache.file_ttl_s)
    memory = MemoryCache(settings.cache.memory_max_bytes, settings.cache.memory_ttl_s)
    signing_key = settings.security.url_signing_key
    signed_files = SignedFiles(
        stored,
        settings.cache.directory / "url-signing-key",
        settings.audio.url_ttl_s,
        signing_key.get_secret_value() if signing_key else None,
    )
    speech_cache = TieredCache([memory, stored])
    metrics = PrometheusMetrics()
    choice = VoiceChoice(aliases["voices"], settings.tts.default_voices)
    voices = VoiceCatalogue(_backends(settings) if backends is None else backends, choice)
    speak = SpeakService(
        voices,
        speech_cache,
        signed_files,
        encoders or default_encoders(settings.audio.mp3_bitrate_kbps),
        metrics,
        SpeakOptions(settings.tts.default_language, settings.tts.deadline_ms, settings.logging.log_text),
        clock,
        new_id,
    )
    return Container(settings, speak, voices, speech_cache, metrics, signed_files, frozenset(aliases["models"]))


def _backends(settings: Settings) -> dict[str, Backend]:
    from danmu_tts.adapters.backends.engine_slots import EngineSlots

    slots = EngineSlots(settings.performance.synthesis_slots)
    performance = settings.performance
    options: dict[str, dict[str, Any]] = {"piper": {"models_dir": settings.models.directory}}
    built: dict[str, Backend] = {}
    for name in settings.tts.backends:
        if name not in BACKENDS:
            get_logger().warning("unknown backend in settings", extra={"backend": name, "known": list(BACKENDS)})
            continue
        module, _, attribute = BACKENDS[name].partition(":")
        built[name] = getattr(import_module(module), attribute)(
            slots,
            threads=performance.engine_threads,
            max_loaded_voices=performance.max_loaded_voices,
            **options.get(name, {}),
        )
    return built
