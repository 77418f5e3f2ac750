import logging
from pathlib import Path

import pytest

from danmu_tts.bootstrap import BACKENDS, build
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.speech import SpeechRequest
from danmu_tts.settings import CacheSettings, LoggingSettings, ModelSettings, SecuritySettings, Settings, TtsSettings
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs


def settings_in(directory: Path, *backends: str, **tts: object) -> Settings:
    return Settings(
        tts=TtsSettings.model_validate({"backends": backends, **tts}),
        cache=CacheSettings(directory=directory / "cache"),
        models=ModelSettings(directory=directory / "models"),
        logging=LoggingSettings(),
        security=SecuritySettings(),
    )


def test_an_unknown_backend_is_skipped_with_a_warning(tmp_path: Path) -> None:
    with captured_logs() as records:
        container = build(settings_in(tmp_path, "kokoro", "vapour", "piper"))
    assert list(container.voices.backends) == ["kokoro", "piper"]
    (record,) = records
    assert record.levelno == logging.WARNING
    assert vars(record)["backend"] == "vapour"


def test_backends_are_built_in_configured_order_under_their_own_names(tmp_path: Path) -> None:
    backends = build(settings_in(tmp_path, *reversed(BACKENDS))).voices.backends
    assert list(backends) == [*reversed(BACKENDS)]
    assert [backend.name for backend in backends.values()] == list(backends)


def test_building_touches_no_disk(tmp_path: Path) -> None:
    build(settings_in(tmp_path, *BACKENDS))
    assert list(tmp_path.iterdir()) == []


async def test_speaks_with_the_backends_that_a_test_gives(tmp_path: Path) -> None:
    container = build(settings_in(tmp_path), backends={"fake": FakeBackend()}, clock=lambda: 0.0, new_id=lambda: "id-1")
    speech = await container.speak.speak(SpeechRequest("你好", format=AudioFormat.WAV))
    assert (speech.id, speech.encoded.backend, speech.timings.total_ms) == ("id-1", "fake", 0)
    assert (await container.cache.get(speech.key) or pytest.fail("not kept")).tier == "memory"
    assert b'tts_requests_total{backend="fake",status="ok"} 1.0' in container.metrics.render()[0]


async def test_a_link_of_the_container_opens_in_the_container(tmp_path: Path) -> None:
    container = build(settings_in(tmp_path), backends={"fake": FakeBackend()})
    speech = await container.speak.speak(SpeechRequest("你好"))
    link = await container.speak.link(speech)
    assert link is not None
    query = dict(pair.split("=") for pair in link.url.partition("?")[2].split("&"))
    opened = container.signed_files.open_signed(speech.key, **query)
    assert opened is not None
    assert opened.path.read_bytes() == speech.encoded.audio


async def test_the_configured_voice_is_the_languages_default(tmp_path: Path) -> None:
    backends = {name: FakeBackend(name) for name in ("first", "second")}
    settings = settings_in(tmp_path, default_voices={"zh": "second:zh-CN"})
    speech = await build(settings, backends=backends).speak.speak(SpeechRequest("你好"))
    assert speech.encoded.voice == "second:zh-CN"


async def test_every_openai_voice_resolves_to_somebody_for_every_spoken_language(tmp_path: Path) -> None:
    catalogue = build(settings_in(tmp_path, "kokoro", "piper")).voices
    assert "alloy" in catalogue.aliases
    for alias in catalogue.aliases:
        for language in ("zh", "en"):
            assert (await catalogue.choose(asked=alias, backend=None, language=language)).speaks(language)


def test_openais_model_names_are_known(tmp_path: Path) -> None:
    assert {"tts-1", "gpt-4o-mini-tts"} <= build(settings_in(tmp_path)).model_aliases
