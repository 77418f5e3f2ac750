"""Settings out of AWS Secrets Manager."""

import json
from collections.abc import Mapping

import boto3
import pytest
from pydantic import ValidationError

from danmu_tts.settings import Settings
from tests.servers.s3_server import ENVIRONMENT, S3Server


@pytest.fixture
def secret(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": s3.url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DANMU_TTS_SECURITY__SECRET_ID", "danmu-tts/settings")
    return "danmu-tts/settings"


def _keep(name: str, values: Mapping[str, str]) -> None:
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(values))


def test_a_secret_holds_settings_under_their_variables_names(secret: str) -> None:
    _keep(secret, {"DANMU_TTS_REDIS__URL": "rediss://user:pass@example.com:6379", "DANMU_TTS_AZURE__KEY": "k"})
    settings = Settings()
    assert settings.redis.url is not None
    assert settings.redis.url.get_secret_value() == "rediss://user:pass@example.com:6379"
    assert settings.azure.key is not None


def test_a_variable_that_is_set_beside_a_secret_wins(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _keep(secret, {"DANMU_TTS_TTS__DEFAULT_LANGUAGE": "ja", "DANMU_TTS_AUDIO__URL_TTL_S": "60"})
    monkeypatch.setenv("DANMU_TTS_TTS__DEFAULT_LANGUAGE", "en")
    settings = Settings()
    assert settings.tts.default_language == "en"
    assert settings.audio.url_ttl_s == 60


def test_a_value_that_is_wrong_is_not_repeated_in_the_error(secret: str) -> None:
    _keep(secret, {"DANMU_TTS_REDIS__URL": "http://user:hunter2@example.com"})
    with pytest.raises(ValidationError, match=r"redis\.url") as raised:
        Settings()
    assert "hunter2" not in str(raised.value)


def test_a_secret_that_is_not_there_is_an_error_and_not_a_service_without_a_redis(secret: str) -> None:
    with pytest.raises(boto3.client("secretsmanager").exceptions.ResourceNotFoundException):
        Settings()


def test_nobody_is_asked_where_no_secret_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert Settings().redis.url is None


def test_a_version_that_is_named_stays_what_it_was(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _keep(secret, {"DANMU_TTS_TTS__DEFAULT_LANGUAGE": "ja"})
    client = boto3.client("secretsmanager")
    first = client.get_secret_value(SecretId=secret)["VersionId"]
    client.put_secret_value(SecretId=secret, SecretString=json.dumps({"DANMU_TTS_TTS__DEFAULT_LANGUAGE": "en"}))
    assert Settings().tts.default_language == "en"
    monkeypatch.setenv("DANMU_TTS_SECURITY__SECRET_VERSION", first)
    assert Settings().tts.default_language == "ja"
