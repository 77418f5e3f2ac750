import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from danmu_tts.on_lambda import ON_LAMBDA
from danmu_tts.settings import Settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours, and no .env in the working directory."""
    for name in [name for name in os.environ if name.upper().startswith("DANMU_TTS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_everything_has_a_default() -> None:
    settings = Settings()
    assert settings.server.host == "127.0.0.1"
    assert settings.tts.backends[0] == "piper"
    assert settings.tts.deadline_ms < 29_000
    assert settings.logging.log_text is False
    assert settings.security.url_signing_key is None


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("DANMU_TTS_SERVER__PORT", "9000", "server.port", 9000),
        ("DANMU_TTS_WEBSOCKET__PUBLIC_URL", "wss://x.example/prod", "websocket.public_url", "wss://x.example/prod"),
        ("DANMU_TTS_TTS__DEFAULT_LANGUAGE", "en", "tts.default_language", "en"),
        ("DANMU_TTS_TTS__BACKENDS", "kokoro, piper", "tts.backends", ("kokoro", "piper")),
        ("DANMU_TTS_TTS__DEFAULT_VOICES", '{"zh": "kokoro:x"}', "tts.default_voices", {"zh": "kokoro:x"}),
        ("DANMU_TTS_CACHE__DIRECTORY", "/var/audio", "cache.directory", Path("/var/audio")),
        ("DANMU_TTS_S3__BUCKET", "danmu-audio", "s3.bucket", "danmu-audio"),
        ("DANMU_TTS_S3__PREFIX", "stage/tts/", "s3.prefix", "stage/tts/"),
        ("DANMU_TTS_LOGGING__LOG_TEXT", "true", "logging.log_text", True),
        ("danmu_tts_audio__url_ttl_s", "60", "audio.url_ttl_s", 60),
    ],
)
def test_every_field_is_an_environment_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, path: str, value: object
) -> None:
    monkeypatch.setenv(variable, text)
    found: object = Settings()
    for name in path.split("."):
        found = getattr(found, name)
    assert found == value


def test_one_variable_leaves_its_neighbours_at_their_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DANMU_TTS_SERVER__PORT", "9000")
    assert Settings().server.max_concurrency == 64


def test_an_env_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("DANMU_TTS_SERVER__PORT=9001\nDANMU_TTS_SERVER__HOST=0.0.0.0\nOTHER=1\n")
    monkeypatch.setenv("DANMU_TTS_SERVER__PORT", "9002")
    assert (Settings().server.host, Settings().server.port) == ("0.0.0.0", 9002)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("DANMU_TTS_SERVER__PORT", "70000"),
        ("DANMU_TTS_SERVER__PORT", "http"),
        ("DANMU_TTS_SERVER__MAX_CONCURRENCY", "0"),
        ("DANMU_TTS_TTS__DEADLINE_MS", "5"),
        ("DANMU_TTS_AUDIO__MP3_BITRATE_KBPS", "1000"),
        ("DANMU_TTS_AUDIO__URL_TTL_S", "0"),
        ("DANMU_TTS_CACHE__FILE_MAX_BYTES", "-1"),
        ("DANMU_TTS_S3__BUCKET", "s3://danmu-audio"),
        ("DANMU_TTS_S3__BUCKET", "Danmu_Audio"),
        ("DANMU_TTS_S3__PREFIX", "stage"),
        ("DANMU_TTS_S3__PREFIX", "/stage/"),
        ("DANMU_TTS_S3__PREFIX", "stage/../"),
        ("DANMU_TTS_S3__TIMEOUT_MS", "0"),
        ("DANMU_TTS_S3__SSE", "none"),
        ("DANMU_TTS_PERFORMANCE__ENGINE_THREADS", "-1"),
        ("DANMU_TTS_LOGGING__LEVEL", "LOUD"),
        ("DANMU_TTS_SECURITY__URL_SIGNING_KEY", "k" * 31),
        ("DANMU_TTS_SECURITY__API_KEYS", "no"),
        ("DANMU_TTS_TTS__BACKENDS", '["piper", '),
        ("DANMU_TTS_AZURE__ENDPOINT", "eastasia.tts.speech.microsoft.com"),
        ("DANMU_TTS_OPENAI__BASE_URL", "http://"),
        ("DANMU_TTS_OPENAI__BASE_URL", "ftp://127.0.0.1/v1"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_field(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(ValidationError) as caught:
        Settings()
    (error,) = caught.value.errors()
    assert error["loc"] == tuple(variable.lower().removeprefix("danmu_tts_").split("__"))


@pytest.mark.parametrize(
    "variable",
    ["DANMU_TTS_OPENAI__API_KEY", "DANMU_TTS_AZURE__KEY", "DANMU_TTS_AZURE__ENDPOINT", "DANMU_TTS_SERVER__PORT"],
)
def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    unset = Settings()
    monkeypatch.setenv(variable, "")
    assert Settings() == unset


def test_a_list_is_written_with_commas_or_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DANMU_TTS_TTS__BACKENDS", '["kokoro", "piper"]')
    assert Settings().tts.backends == ("kokoro", "piper")
    monkeypatch.setenv("DANMU_TTS_TTS__BACKENDS", "[kokoro")
    with pytest.raises(ValidationError, match="commas between them, or a JSON list"):
        Settings()


@pytest.mark.parametrize("address", ["http://127.0.0.1:8880/v1", "https://speech.example"])
def test_a_server_is_named_by_its_whole_address(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DANMU_TTS_OPENAI__BASE_URL", address)
    assert Settings().openai.base_url == address


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        setattr(settings, "server", settings.server.model_copy())  # noqa: B010 - mypy knows it is read-only


def test_a_secret_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DANMU_TTS_SECURITY__URL_SIGNING_KEY", "k" * 40)
    settings = Settings()
    assert "k" * 8 not in repr(settings)
    assert settings.security.url_signing_key is not None
    assert settings.security.url_signing_key.get_secret_value() == "k" * 40


@pytest.mark.parametrize(("value", "refused"), [("auto", False), ("on", False), ("off", True)])
def test_keys_cannot_be_switched_off_on_lambda(monkeypatch: pytest.MonkeyPatch, value: str, refused: bool) -> None:
    monkeypatch.setenv("DANMU_TTS_SECURITY__API_KEYS", value)
    assert Settings().security.api_keys == value
    monkeypatch.setenv(ON_LAMBDA, "danmu-tts-rest-api")
    if not refused:
        assert Settings().security.api_keys == value
        return
    with pytest.raises(ValidationError, match="the whole internet"):
        Settings()
