"""Processes that all feed one room and pop from it: ``python -m tests.integration.shared.room_hammers 8 40 URL``.

Each keeps in Redis, under ``popped``, what it popped; they go on until nothing is left.
"""

import asyncio
import os
import sys
from pathlib import Path

from redis.asyncio import Redis

from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.adapters.rooms.documents import RoomFiles
from danmu_tts.adapters.rooms.redis import RedisRooms
from danmu_tts.domain.room import speaking
from danmu_tts.domain.room.admission import Changes, admit
from danmu_tts.domain.room.values import Danmu, Kind, RoomRules, Words
from danmu_tts.ports import Room
from tests.builders.patient import patient_redis

BATCH = 5
_RULES = RoomRules(deadlines_ms=dict.fromkeys(Kind, 600_000), waiting_ms=10**9, per_viewer=10**6)
_LIMIT_MS = 60_000


async def hammer(process: int, batches: int, url: str) -> None:
    client = RedisClient(patient_redis(url))
    rooms = RedisRooms(client, RoomFiles(Path("/nonexistent")))
    popped: list[str] = []
    await rooms.read("a-room")  # which connects
    async with Redis.from_url(url, socket_timeout=None) as referee:
        await referee.rpush("ready", process)
        assert await referee.xread({"start": "0-0"}, block=_LIMIT_MS)
        for batch in range(batches):
            danmu = [
                Danmu(f"{process}-{batch}-{number}", Kind.DANMU, f"v{process}", Words(text="x"))
                for number in range(BATCH)
            ]
            await rooms.change("a-room", lambda opened, sent=danmu: _send(opened, sent))  # type: ignore[misc]
            popped += await rooms.change("a-room", _pop)
        while taken := await rooms.change("a-room", _pop):
            popped += taken
        if popped:
            await referee.rpush("popped", *popped)
    await client.close()


def _send(opened: Room, danmu: list[Danmu]) -> None:
    admit(opened.state, _RULES, danmu, opened.now_ms, Changes())


def _pop(opened: Room) -> list[str]:
    """The next ones are given and heard at once, as many as a batch has."""
    state, now_ms, changes = opened.state, opened.now_ms, Changes()
    popped = []
    for _ in range(BATCH):
        speaking.attend(state, "player", "line", now_ms, credit=True, holds=(), changes=changes)
        taken = speaking.take(state, now_ms, 0, changes)
        if taken is None:
            break
        speaking.heard(state, taken.id, now_ms, changes)
        popped.append(taken.id)
    return popped


def main(processes: int, batches: int, url: str) -> None:
    """Fork, so that what they all need is imported once; nothing was opened yet."""
    for process in range(processes):
        if os.fork() == 0:
            asyncio.run(hammer(process, batches, url))
            return
    for _ in range(processes):
        os.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
