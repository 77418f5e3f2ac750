import logging
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from danmu_tts.bootstrap import BACKENDS, build
from danmu_tts.domain.access import ANONYMOUS, Scope
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.errors import UnauthorizedError
from danmu_tts.domain.selection import Wish
from danmu_tts.domain.speech import SpeechRequest
from danmu_tts.on_lambda import ON_LAMBDA
from danmu_tts.settings import (
    BudgetSettings,
    CacheSettings,
    LoggingSettings,
    ModelSettings,
    SecuritySettings,
    Settings,
    TtsSettings,
)
from danmu_tts.settings_backends import AzureSettings, EdgeSettings, OpenAISettings
from tests.builders.caches import a_hit
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs


def settings_in(directory: Path, *backends: str, **tts: object) -> Settings:
    return Settings(
        tts=TtsSettings.model_validate({"backends": backends, **tts}),
        cache=CacheSettings(directory=directory / "cache"),
        budget=BudgetSettings(file=directory / "spend.sqlite3"),
        models=ModelSettings(directory=directory / "models"),
        logging=LoggingSettings(),
        security=SecuritySettings(keys_directory=directory / "keys"),
    )


def test_an_unknown_backend_is_left_out_and_said_so(tmp_path: Path) -> None:
    with captured_logs() as records:
        container = build(settings_in(tmp_path, "kokoro", "vapour", "piper"))
    assert container.backends.names == ("kokoro", "piper")
    (broken,) = container.broken
    assert (broken.kind, broken.name) == ("backend", "vapour")
    assert "known here: azure, edge, kokoro, openai, piper" in broken.reason
    (record,) = records
    assert record.levelno == logging.WARNING
    assert vars(record)["plugin"] == "vapour"


@pytest.mark.parametrize(
    ("name", "setting"),
    [("edge", "EDGE__ENABLED=true"), ("azure", "AZURE__KEY"), ("openai", "OPENAI__API_KEY")],
)
def test_a_cloud_backend_without_what_it_needs_is_disabled_and_says_what(
    tmp_path: Path, name: str, setting: str
) -> None:
    container = build(settings_in(tmp_path, "piper", name))
    assert container.backends.names == ("piper",)
    assert setting in container.backends.absent[name]
    assert container.broken == ()


def test_backends_are_built_in_configured_order_under_their_own_names(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, "openai", "azure", "edge", "kokoro", "piper").model_copy(
        update={
            "edge": EdgeSettings(enabled=True),
            "azure": AzureSettings(key=SecretStr("0" * 32), region="eastasia"),
            "openai": OpenAISettings(api_key=SecretStr("key")),
        }
    )
    watched = build(settings).backends.watched
    assert list(watched) == ["openai", "azure", "edge", "kokoro", "piper"]
    assert [each.backend.name for each in watched.values()] == list(watched)


def test_building_touches_no_disk(tmp_path: Path) -> None:
    build(settings_in(tmp_path, *BACKENDS, "kokoro"))
    assert list(tmp_path.iterdir()) == []


async def test_speaks_with_the_backends_that_a_test_gives(tmp_path: Path) -> None:
    container = build(settings_in(tmp_path), backends={"fake": FakeBackend()}, clock=lambda: 0.0, new_id=lambda: "id-1")
    speech = await container.speak.speak(SpeechRequest("你好", format=AudioFormat.WAV))
    assert (speech.id, speech.encoded.backend, speech.timings.total_ms) == ("id-1", "fake", 0)
    assert (await a_hit(container.cache, speech.key)).tier == "memory"
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
    backends = build(settings_in(tmp_path, "kokoro", "piper")).backends
    assert "alloy" in backends.choice.aliases
    for alias in backends.choice.aliases:
        for language in ("zh", "en"):
            assert (await backends.rank(Wish(language, alias)))[0].speaks(language)


def test_openais_model_names_are_known(tmp_path: Path) -> None:
    assert {"tts-1", "gpt-4o-mini-tts"} <= build(settings_in(tmp_path)).model_aliases


async def test_a_key_of_one_container_is_known_to_the_next(tmp_path: Path) -> None:
    issued = await build(settings_in(tmp_path)).access.create("bot", [Scope.SPEAK])
    principal = await build(settings_in(tmp_path)).access.identify(str(issued.text), local=False)
    assert principal == issued.record.principal
    assert [path.parent.name for path in files_in(tmp_path)] == ["keys"]


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("api_keys", ["auto", "on", "off"])
async def test_the_settings_say_who_needs_no_key(tmp_path: Path, api_keys: Any, local: bool) -> None:
    security = SecuritySettings(api_keys=api_keys, keys_directory=tmp_path)
    access = build(settings_in(tmp_path).model_copy(update={"security": security})).access
    if api_keys == "off" or (api_keys == "auto" and local):
        assert await access.identify(None, local=local) is ANONYMOUS
    else:
        with pytest.raises(UnauthorizedError):
            await access.identify(None, local=local)


async def test_on_lambda_nobody_is_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ON_LAMBDA, "danmu-tts-rest-api")
    with pytest.raises(UnauthorizedError):
        await build(settings_in(tmp_path)).access.identify(None, local=True)


def files_in(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]
