"""Where there is no Redis at all, as in a function of Lambda that was told of none."""

import sys

import pytest

from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.settings import RedisSettings
from tests.builders.logs import captured_logs


async def test_it_is_away_and_nothing_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fakeredis", None)
    client = RedisClient(RedisSettings())
    with captured_logs() as logs, pytest.raises(StoreAwayError, match="DANMU_TTS_REDIS__URL"):
        await client.run("GET", "danmu:key")
    assert client.status == "away"
    assert not logs
    await client.close()
