"""Danmu a second that one core admits into live rooms, with real Redis, in batches of 20: for one room and for many.

Every room is as full as it may be: what waits was chosen out of hundreds. The danmu are read beforehand, and once more
with the reading included.
"""

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from danmu_tts.adapters.reading.readers import FileReaders
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.adapters.rooms.documents import RoomFiles
from danmu_tts.adapters.rooms.redis import RedisRooms
from danmu_tts.bootstrap.data import packaged
from danmu_tts.domain.room.admission import Changes, admit
from danmu_tts.domain.room.values import Danmu, Fate
from danmu_tts.ports import Room
from danmu_tts.services.rooms.reading import EventReader
from danmu_tts.services.rooms.rules import room_rules
from danmu_tts.settings import RedisSettings
from danmu_tts.settings_reading import ReadingSettings
from danmu_tts.text.room_words import RoomWords
from speech_contract.events import Event
from speech_contract.rooms import RoomSettings
from tests.servers.redis_server import RedisServer

_BATCH, _BATCHES, _FILLING = 20, 600, 220
_ROOMS = (1, 100, 10_000)
_VIEWERS = 300


def run(lines: list[str]) -> None:
    """Print the figures, and the ratio of the slowest to the fastest."""
    if shutil.which("redis-server") is None:
        print("redis-server is not installed; on Debian and Ubuntu: apt-get install redis-server")
        return
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        with server.admin() as admin:
            admin.config_set("maxmemory", "2gb")
        asyncio.run(_measure(server, Path(folder), lines))


async def _measure(server: RedisServer, folder: Path, lines: list[str]) -> None:
    redis = RedisClient(RedisSettings(url=SecretStr(server.url)))
    rooms = RedisRooms(redis, RoomFiles(folder / "rooms"))
    bench = _Bench(rooms, lines)
    for _ in range(_FILLING):
        await bench.admit("full", bench.batch())
    state = await redis.run("GET", redis.key("room", "{full}", "state"))
    print(f"a full room: {len(state)} bytes")
    rates = {}
    for count in _ROOMS:
        names = [f"room-{number}" for number in range(count)]
        for name in names:
            for what in ("state", "settings"):
                await redis.run("COPY", redis.key("room", "{full}", what), redis.key("room", f"{{{name}}}", what))
        rates[count] = await bench.rate(names)
        print(f"{count:6} rooms: {rates[count]:7.0f} danmu a second")
        await redis.run("FLUSHDB") if count != _ROOMS[-1] else None
        if count != _ROOMS[-1]:
            for _ in range(_FILLING):
                await bench.admit("full", bench.batch())
    print(f"slowest of these to fastest: {min(rates.values()) / max(rates.values()):.2f}")
    print(f"reading included: {await bench.rate(['room-0'], reads=True):.0f} danmu a second")
    await redis.close()


class _Bench:
    def __init__(self, rooms: RedisRooms, lines: Sequence[str]) -> None:
        self._rooms = rooms
        self._lines = lines
        self._random = random.Random(1)
        self._count = 0
        settings = RoomSettings()
        self._rules = room_rules(settings)
        reader = FileReaders(ReadingSettings(), "zh", time.perf_counter).reader(None, None)
        self._reader = EventReader(reader, settings, RoomWords(packaged("rooms/words.json")), {}, lambda: "")

    def events(self) -> list[Event]:
        """As a busy room has them."""
        batch = []
        for _ in range(_BATCH):
            self._count += 1
            viewer = f"viewer-{self._random.randrange(_VIEWERS)}"
            batch.append(Event(id=f"danmu-{self._count}", viewer=viewer, text=self._random.choice(self._lines)))
        return batch

    def batch(self) -> list[Danmu]:
        """The same, read."""
        return [self._reader.read(event) for event in self.events()]

    async def admit(self, room: str, danmu: list[Danmu]) -> list[Fate]:
        """As ``Feed`` does."""
        return await self._rooms.change(room, lambda opened: self._step(opened, danmu))

    async def rate(self, rooms: Sequence[str], *, reads: bool = False) -> float:
        """Danmu a second of this process's processor time, Redis's own not counted."""
        told = [(self._random.choice(rooms), self.events()) for _ in range(_BATCHES)]
        danmu = [[self._reader.read(event) for event in events] for _, events in told]
        started, busy = time.perf_counter(), time.process_time()
        for (room, events), read in zip(told, danmu, strict=True):
            await self.admit(room, [self._reader.read(event) for event in events] if reads else read)
        took_s, busy_s = time.perf_counter() - started, time.process_time() - busy
        print(f"        (of {took_s:.2f} s this process worked for {busy_s:.2f})")
        return _BATCH * _BATCHES / took_s

    def _step(self, opened: Room, danmu: list[Danmu]) -> list[Fate]:
        return admit(opened.state, self._rules, danmu, opened.now_ms, Changes())
