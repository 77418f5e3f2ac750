"""Settings that nobody else may see, as one JSON object in AWS Secrets Manager."""

import os

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

SECRET_ID = "DANMU_TTS_SECURITY__SECRET_ID"  # noqa: S105 - its name
"""The environment variable that names it."""

SECRET_VERSION = "DANMU_TTS_SECURITY__SECRET_VERSION"  # noqa: S105 - its name
"""The environment variable that names which of its values, where it is not the current one."""


def secret_source(settings: type[BaseSettings]) -> tuple[PydanticBaseSettingsSource, ...]:
    """Nothing, or the secret: its fields are called as the environment variables are. Raises what boto3 raises.

    It is read whenever settings are, so once a process: a new value takes effect with the next processes.
    """
    secret_id = os.environ.get(SECRET_ID)
    if not secret_id:
        return ()
    from pydantic_settings import AWSSecretsManagerSettingsSource

    config = settings.model_config
    return (
        AWSSecretsManagerSettingsSource(
            settings,
            secret_id,
            version_id=os.environ.get(SECRET_VERSION) or None,
            case_sensitive=False,
            env_prefix=config.get("env_prefix"),
            env_nested_delimiter=config.get("env_nested_delimiter"),
        ),
    )
