"""Redis as a client asks it that is about something else: on however busy a machine, it is away only where it is."""

from typing import Any

from pydantic import SecretStr

from danmu_tts.settings import RedisSettings

LIMIT_MS = 5000


def patient_redis(url: str | None = None, **given: Any) -> RedisSettings:
    """Settings with the longest limits that there are; without a URL it is one inside this process."""
    own = SecretStr(url) if url else None
    return RedisSettings(url=own, timeout_ms=LIMIT_MS, connect_timeout_ms=LIMIT_MS, **given)
