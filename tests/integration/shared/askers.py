"""Processes that all want the same line at once: ``python -m tests.integration.shared.askers 20 10 TEXT``.

They get their settings by the environment, and meet in Redis: each entry of the list ``ready`` is a process that waits
for the stream ``start``, of ``syntheses`` one that makes audio until there is the stream ``finish``, of ``answers``
what one asker was told.
"""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator

from redis.asyncio import Redis

from danmu_tts.bootstrap import build
from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.errors import DanmuTTSError
from danmu_tts.domain.speech import SpeechRequest, Utterance
from danmu_tts.services.speak import SpeakService
from danmu_tts.settings import Settings
from tests.builders.fake_backend import FakeBackend

# Nobody who is left behind by a test that failed waits for ever.
_LIMIT_MS = 60_000


class HeldBackend(FakeBackend):
    """Tells that it was called, and speaks when it is let."""

    def __init__(self, referee: Redis) -> None:
        super().__init__()
        self._referee = referee

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        await self._referee.rpush("syntheses", os.getpid())
        assert await self._referee.xread({"finish": "0-0"}, block=_LIMIT_MS)
        async for chunk in super().synthesize(utterance):
            yield chunk


async def ask(referee: Redis, speak: SpeakService, text: str) -> None:
    """Ask once and tell how it went."""
    await referee.rpush("asked", os.getpid())
    answer: dict[str, object] = {"pid": os.getpid()}
    try:
        speech = await speak.speak(SpeechRequest(text))
        answer |= {"sha256": hashlib.sha256(speech.encoded.audio).hexdigest(), "cached": speech.cached}
    except DanmuTTSError as error:
        answer |= {"error": repr(error)}
    await referee.rpush("answers", json.dumps(answer))


async def compete(askers: int, text: str) -> None:
    """One process, from being ready to its last answer."""
    settings = Settings()
    assert settings.redis.url
    async with Redis.from_url(settings.redis.url.get_secret_value(), socket_timeout=None) as referee:
        container = build(settings, backends={"fake": HeldBackend(referee)})
        await referee.rpush("ready", os.getpid())
        assert await referee.xread({"start": "0-0"}, block=_LIMIT_MS)
        await asyncio.gather(*(ask(referee, container.speak, text) for _ in range(askers)))
        await container.close()


def main(processes: int, askers: int, text: str) -> None:
    """Fork, so that what they all need is imported once; nothing was opened yet."""
    for _ in range(processes):
        if os.fork() == 0:
            asyncio.run(compete(askers, text))
            return
    for _ in range(processes):
        os.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
