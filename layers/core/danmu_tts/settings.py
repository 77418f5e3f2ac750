"""Typed settings, read once by the composition root.

Every field is an environment variable ``DANMU_TTS_<CLASS>__<FIELD>`` or a line of ``.env``, for example
``DANMU_TTS_TTS__DEFAULT_LANGUAGE=en``.
"""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from platformdirs import user_cache_path, user_data_path
from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from danmu_tts.on_lambda import ON_LAMBDA
from danmu_tts.settings_backends import AzureSettings, EdgeSettings, OpenAISettings, PiperSettings, XttsSettings
from danmu_tts.settings_parts import Names, Section, Url, WebSocketUrl
from danmu_tts.settings_reading import ReadingSettings
from danmu_tts.settings_secret import secret_source

_APP = "danmu-tts"


class ServerSettings(Section):
    """Where the local gateway listens."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    public_url: str | None = Field(
        None, description="Base of audio URLs where the Host header is not what callers use."
    )
    cors_origins: Names = Field(("*",), description="Whose web pages may call, e.g. https://example.com; * for any.")
    max_concurrency: Annotated[int, Field(ge=1)] = Field(64, description="Requests in progress at once.")


class TtsSettings(Section):
    """Who speaks."""

    backends: Names = Field(
        ("piper", "kokoro", "edge", "azure", "openai", "xtts"),
        description="Who may speak, preferred first. Cloud voices stay off until they have what they need.",
    )
    default_language: str = Field("zh", description="Spoken when a text has no word to tell by: 666, 233.")
    default_voices: dict[str, str] = Field({}, description='Language to voice id, e.g. {"zh": "kokoro:zh-jm_kumo"}.')
    deadline_ms: Annotated[int, Field(ge=100)] = Field(28_000, description="Longest wait for audio. Lambda's is 29 s.")
    patience_ms: Annotated[int, Field(ge=0)] = Field(
        2000, description="A backend expected to take longer is busy, and the next in order goes first."
    )
    plugins: Names = Field((), description="Plugins that see every request and answer, in order.")


class WebSocketSettings(Section):
    """Speech that is heard while it is made."""

    public_url: WebSocketUrl | None = Field(
        None, description="Where clients find the WebSocket; else /ws at the address of the pages."
    )
    management_url: Url | None = Field(
        None, description="Where @connections is found; else at the address in each message. `serve` sets it."
    )
    idle_limit_s: Annotated[float, Field(gt=0, le=600)] = Field(600, description="API Gateway's own, here shorter.")
    duration_limit_s: Annotated[float, Field(gt=0, le=7200)] = Field(7200, description="The same.")
    return_ms: Annotated[int, Field(ge=0, le=25_000)] = Field(
        10_000, description="How long a client that was cut off may take to come back and hear the rest."
    )
    max_pushed_bytes: Annotated[int, Field(ge=0)] = Field(
        480_000, description="Longer audio that is ready goes by URL instead of piece by piece."
    )


class AudioSettings(Section):
    """How audio is delivered."""

    mp3_bitrate_kbps: Annotated[int, Field(ge=8, le=160)] = 64
    url_ttl_s: Annotated[int, Field(ge=10)] = Field(900, description="How long an audio URL works.")
    max_inline_bytes: Annotated[int, Field(ge=1000)] = Field(
        4_300_000, description="Larger audio is answered by 303 to its URL: base64 must fit Lambda's 6 MB."
    )


_REDIS_SCHEMES = ("redis", "rediss", "redis+cluster", "rediss+cluster")


def _redis_address(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in _REDIS_SCHEMES or not parts.hostname:
        raise ValueError(f"must be {', '.join(_REDIS_SCHEMES)} :// [user:password@] host : port")
    return value


class RedisSettings(Section):
    """What all processes share. Without a URL each has its own."""

    url: Annotated[SecretStr, AfterValidator(_redis_address)] | None = Field(
        None, description="E.g. redis://127.0.0.1:6379/0, rediss+cluster://user:password@host:6379 for ElastiCache."
    )
    ca_file: Path | None = Field(None, description="Whom to trust with rediss; else the system's list.")
    iam_cache_name: str | None = Field(
        None, description="Log in to this ElastiCache cache by IAM, as the URL's user and without a password."
    )
    iam_serverless: bool = Field(True, description="That cache is a serverless one.")
    prefix: Annotated[str, Field(pattern=r"^[a-zA-Z0-9\-_.]+$")] = Field("danmu", description="Begins every key.")
    timeout_ms: Annotated[int, Field(ge=5, le=5000)] = Field(
        50, description="Longest wait for an answer; then go on without."
    )
    connect_timeout_ms: Annotated[int, Field(ge=5, le=5000)] = Field(500, description="The same for the first one.")
    max_connections: Annotated[int, Field(ge=1, le=1000)] = 16


class CacheSettings(Section):
    """How much finished audio is kept, and where."""

    tiers: Names = Field((), description="Fastest first; else memory, redis where there is one, and s3 or file.")
    directory: Path = Field(default_factory=lambda: user_cache_path(_APP) / "audio")
    memory_max_bytes: Annotated[int, Field(ge=0)] = 64 * 1024 * 1024
    memory_ttl_s: Annotated[int, Field(ge=1)] = 3600
    redis_max_entry_bytes: Annotated[int, Field(ge=0)] = Field(512 * 1024, description="Larger audio skips Redis.")
    redis_ttl_s: Annotated[int, Field(ge=1)] = 24 * 3600
    file_max_bytes: Annotated[int, Field(ge=0)] = 1024 * 1024 * 1024
    file_ttl_s: Annotated[int, Field(ge=1)] = 30 * 24 * 3600
    refusal_ttl_s: Annotated[int, Field(ge=1)] = Field(
        600, description="How long a text that a voice will not speak is not tried again."
    )


class S3Settings(Section):
    """The bucket of the ``s3`` cache tier. Region, endpoint and credentials are found as boto3 finds them."""

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] | None = None
    prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*$")] = Field(
        "", description="Before every name in the bucket; ends in a slash."
    )
    timeout_ms: Annotated[int, Field(ge=50, le=10_000)] = Field(1000, description="Longest wait for S3's next bytes.")
    sse: Literal["AES256", "aws:kms"] = "AES256"
    ttl_s: Annotated[int, Field(ge=1)] = Field(
        30 * 24 * 3600, description="Shorter than what the bucket's lifecycle rule keeps, longer than a link works."
    )
    max_entry_bytes: Annotated[int, Field(ge=0)] = 16 * 1024 * 1024


class LimitSettings(Section):
    """How much may be asked for in a minute; 0: as much as they like. A key may have limits of its own."""

    key_requests: Annotated[int, Field(ge=0)] = 600
    key_characters: Annotated[int, Field(ge=0)] = 60_000
    viewer_requests: Annotated[int, Field(ge=0)] = 30
    viewer_characters: Annotated[int, Field(ge=0)] = 3000
    room_requests: Annotated[int, Field(ge=0)] = 300
    room_characters: Annotated[int, Field(ge=0)] = 30_000
    all_requests: Annotated[int, Field(ge=0)] = 0
    all_characters: Annotated[int, Field(ge=0)] = 0


class BudgetSettings(Section):
    """What paid voices may cost in a calendar month (UTC); then a free voice speaks."""

    monthly_usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="For everybody together."
    )
    file: Path = Field(
        default_factory=lambda: user_data_path(_APP) / "spend.sqlite3", description="Where it is kept without Redis."
    )


class RoomsSettings(Section):
    """Live rooms."""

    directory: Path = Field(
        default_factory=lambda: user_data_path(_APP) / "rooms", description="Each room's settings, where no bucket is."
    )


class PerformanceSettings(Section):
    """How the machine is used."""

    synthesis_slots: Annotated[int, Field(ge=0)] = Field(0, description="Utterances made at once; 0: one a core.")
    engine_threads: Annotated[int, Field(ge=0)] = Field(
        0, description="ONNX Runtime threads an utterance; 0: all cores when it is alone, else one."
    )
    max_loaded_voices: Annotated[int, Field(ge=1)] = Field(4, description="Models a backend keeps in memory.")


class ModelSettings(Section):
    """Where fetched voices lie and where they come from."""

    directory: Path = Field(default_factory=lambda: user_data_path(_APP) / "models")
    mirror_url: str | None = Field(None, description="Replaces the host of every model's address.")


class SecuritySettings(Section):
    """Who may use the service, and secrets."""

    api_keys: Literal["auto", "on", "off"] = Field(
        "auto", description="Who needs an API key. auto: all but callers on this machine; on AWS Lambda everybody does."
    )
    keys_directory: Path = Field(default_factory=lambda: user_data_path(_APP) / "keys")
    secret_id: str | None = Field(
        None,
        description="A secret of AWS Secrets Manager, a JSON object with more of these variables. Theirs come first.",
    )
    secret_version: str | None = Field(None, description="Its version, where it is not to be the current one.")
    url_signing_key: SecretStr | None = Field(
        None, min_length=32, description="Signs audio URLs; made and kept beside the cache where absent."
    )

    @field_validator("api_keys")
    @classmethod
    def _needed_on_lambda(cls, value: str) -> str:
        if value == "off" and ON_LAMBDA in os.environ:
            raise ValueError("on AWS Lambda the whole internet could use it; leave it at auto")
        return value


class LoggingSettings(Section):
    """What is written down. The text that is spoken is not, only its length and a hash."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["auto", "json", "text"] = Field("auto", description="auto: JSON in Lambda, text elsewhere.")
    directory: Path | None = Field(None, description="Also write app, access, error, performance and debug logs here.")
    log_text: bool = Field(False, description="Write the spoken text too. Viewers' words are personal data.")


class MetricsSettings(Section):
    """Where figures go, beside ``/metrics``."""

    emf: Literal["auto", "on", "off"] = Field(
        "auto", description="A line for CloudWatch at the end of every invocation. auto: on in AWS Lambda."
    )


class Settings(BaseSettings):
    """All of them."""

    model_config = SettingsConfigDict(
        env_prefix="DANMU_TTS_",
        env_nested_delimiter="__",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # it may be a secret
    )

    server: ServerSettings = Field(default_factory=ServerSettings)
    websocket: WebSocketSettings = Field(default_factory=WebSocketSettings)
    tts: TtsSettings = Field(default_factory=TtsSettings)
    edge: EdgeSettings = Field(default_factory=EdgeSettings)
    azure: AzureSettings = Field(default_factory=AzureSettings)
    openai: OpenAISettings = Field(default_factory=OpenAISettings)
    piper: PiperSettings = Field(default_factory=PiperSettings)
    xtts: XttsSettings = Field(default_factory=XttsSettings)
    reading: ReadingSettings = Field(default_factory=ReadingSettings)
    audio: AudioSettings = Field(default_factory=AudioSettings)
    redis: RedisSettings = Field(default_factory=RedisSettings)
    cache: CacheSettings = Field(default_factory=CacheSettings)
    s3: S3Settings = Field(default_factory=S3Settings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    budget: BudgetSettings = Field(default_factory=BudgetSettings)
    rooms: RoomsSettings = Field(default_factory=RoomsSettings)
    performance: PerformanceSettings = Field(default_factory=PerformanceSettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    security: SecuritySettings = Field(default_factory=SecuritySettings)
    logging: LoggingSettings = Field(default_factory=LoggingSettings)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Where values come from, the strongest first."""
        return init_settings, env_settings, *secret_source(settings_cls), dotenv_settings
