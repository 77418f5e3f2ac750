"""A backend that fails in one process is left alone by the others."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from danmu_tts.bootstrap import Container, build
from danmu_tts.domain.errors import BackendBlockedError
from danmu_tts.domain.speech import SpeechRequest
from danmu_tts.settings import Settings
from tests.builders.fake_backend import FakeBackend
from tests.servers.redis_server import RedisServer

LIMIT_S = 20


@asynccontextmanager
async def a_process(server: RedisServer, home: Path, sick: FakeBackend) -> AsyncIterator[Container]:
    settings = Settings.model_validate(
        {"redis": {"url": server.url, "timeout_ms": 5000}, "cache": {"directory": home}, "limits": {"key_requests": 0}}
    )
    container = build(settings, backends={"sick": sick, "well": FakeBackend("well")})
    try:
        yield container
    finally:
        await container.close()


async def test_what_one_learns_spares_the_other_within_about_a_second_of_traffic(
    plain_redis: RedisServer, tmp_path: Path
) -> None:
    blocked, works = FakeBackend("sick", fails_with=BackendBlockedError("go away")), FakeBackend("sick")
    lines = (f"第{number}句" for number in count())

    async def speak(process: Container) -> str:
        speech = await process.speak.speak(SpeechRequest(next(lines)))
        return speech.encoded.backend

    async with a_process(plain_redis, tmp_path / "a", blocked) as a, a_process(plain_redis, tmp_path / "b", works) as b:
        assert await speak(b) == "sick"
        assert await speak(a) == "well"  # whose circuit opened with the first refusal
        opened_s = time.monotonic()
        assert len(blocked.spoken) == 1
        async with asyncio.timeout(LIMIT_S):
            while await speak(b) == "sick":
                await speak(a)
        took_s = time.monotonic() - opened_s
        called = len(works.spoken)
        for _ in range(5):
            assert await speak(b) == "well"
        assert len(works.spoken) == called
    print(f"heard after {took_s:.2f} s")
    assert took_s < 2  # one tells at once, the other looks once a second
