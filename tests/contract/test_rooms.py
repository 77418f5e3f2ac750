"""Live rooms in every flavour of Redis: the policy's own state, in one piece, whoever else writes at the same time."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.adapters.rooms.documents import RoomFiles
from danmu_tts.adapters.rooms.redis import RedisRooms
from danmu_tts.domain.access import Grant, Role
from danmu_tts.domain.connections import Connection
from danmu_tts.domain.errors import InvalidRequestError, StoreAwayError
from danmu_tts.domain.room.admission import Changes, admit
from danmu_tts.domain.room.state import RoomState
from danmu_tts.domain.room.values import Danmu, Fate, RoomRules
from danmu_tts.ports import Listener, Room
from danmu_tts.settings import RedisSettings
from speech_contract.rooms import RoomSettings
from tests.builders.clock import FakeClock
from tests.builders.room import a_danmu
from tests.builders.until import until
from tests.servers.redis_server import RedisServer

HERE = Connection("L0SM9cOFvHcCIhw=", "https://api/stage", Grant("key", "proof", "room", Role.PLAYER, 1), "client")


@pytest.fixture
def rooms(redis: RedisClient, tmp_path: Path) -> RedisRooms:
    return RedisRooms(redis, RoomFiles(tmp_path / "rooms"))


def admitting(*danmu: Danmu) -> Callable[[Room], list[Fate]]:
    return lambda opened: admit(opened.state, RoomRules(), danmu, opened.now_ms, Changes())


async def test_a_room_begins_empty_and_with_default_settings(rooms: RedisRooms) -> None:
    opened = await rooms.read("a-room")
    assert (opened.name, opened.state, opened.settings) == ("a-room", RoomState(), RoomSettings())
    assert opened.now_ms > 1_700_000_000_000


async def test_what_a_step_changes_is_there_for_the_next_one(rooms: RedisRooms) -> None:
    danmu = a_danmu("你好", id="a")
    (fate,) = await rooms.change("a-room", admitting(danmu))
    assert fate.into == "a"
    assert [each.words.text for each in (await rooms.read("a-room")).state.waiting] == ["你好"]
    assert (await rooms.read("another")).state.waiting == []


async def test_a_step_that_raises_changes_nothing(rooms: RedisRooms) -> None:
    def step(opened: Room) -> None:
        opened.state.paused = True
        raise KeyError

    with pytest.raises(KeyError):
        await rooms.change("a-room", step)
    assert not (await rooms.read("a-room")).state.paused


async def test_many_steps_at_once_lose_nothing(rooms: RedisRooms) -> None:
    await asyncio.gather(*(rooms.change("a-room", admitting(a_danmu())) for _ in range(40)))
    assert (await rooms.read("a-room")).state.tally.arrived == 40


async def test_two_processes_lose_nothing_of_each_other(rooms: RedisRooms, redis: RedisClient, tmp_path: Path) -> None:
    """Two stores do not know of each other's turns, as two processes do not."""
    both = [rooms, RedisRooms(redis, RoomFiles(tmp_path / "rooms"))]
    await asyncio.gather(*(store.change("a-room", admitting(a_danmu())) for _ in range(30) for store in both))
    assert (await rooms.read("a-room")).state.tally.arrived == 60


async def test_settings_are_known_at_once_and_outlive_redis(rooms: RedisRooms, redis: RedisClient) -> None:
    settings = RoomSettings(language="en", nicknames={"bili_1": "小明"})
    await rooms.configure("a-room", lambda _: settings)
    assert (await rooms.read("a-room")).settings == settings
    await redis.run("DEL", redis.key("room", "{a-room}", "settings"))
    assert (await rooms.read("a-room")).settings == settings


async def test_two_who_change_settings_at_once_lose_nothing_of_each_other(
    rooms: RedisRooms, redis: RedisClient, tmp_path: Path
) -> None:
    other = RedisRooms(redis, RoomFiles(tmp_path / "rooms"))

    def blocking(viewer: str) -> Callable[[RoomSettings], RoomSettings]:
        return lambda settings: settings.model_copy(update={"blocked_viewers": [*settings.blocked_viewers, viewer]})

    await asyncio.gather(*(store.configure("a-room", blocking(f"v{n}")) for n in range(8) for store in (rooms, other)))
    assert len((await rooms.read("a-room")).settings.blocked_viewers) == 16


async def test_settings_too_long_for_a_message_are_refused(rooms: RedisRooms) -> None:
    long = RoomSettings(blocked_viewers=["x" * 64] * 1000)
    with pytest.raises(InvalidRequestError):
        await rooms.configure("a-room", lambda _: long)
    assert (await rooms.read("a-room")).settings == RoomSettings()


async def test_settings_that_cannot_be_read_are_those_of_every_room(rooms: RedisRooms, tmp_path: Path) -> None:
    folder = tmp_path / "rooms"
    folder.mkdir()
    (folder / "a-room.json").write_text('{"language": 5}')
    assert (await rooms.read("a-room")).settings == RoomSettings()


async def test_listeners_come_back_and_leave(rooms: RedisRooms) -> None:
    first, again = Listener("a", HERE, True), Listener("a", Connection("another", "https://api"), False)
    await rooms.add_listener("a-room", first)
    assert await rooms.listeners("a-room") == {"a": first}
    await rooms.add_listener("a-room", again)
    await rooms.remove_listener("a-room", "a", HERE.id)  # that one is gone; its client is not
    assert await rooms.listeners("a-room") == {"a": again}
    await rooms.remove_listener("a-room", "a", "another")
    assert await rooms.listeners("a-room") == {}


async def test_no_more_listeners_than_a_room_can_serve(rooms: RedisRooms) -> None:
    for number in range(100):
        await rooms.add_listener("a-room", Listener(f"l{number}", HERE, True))
    with pytest.raises(StoreAwayError):
        await rooms.add_listener("a-room", Listener("one more", HERE, True))
    await rooms.add_listener("a-room", Listener("l7", HERE, False))


async def test_who_left_without_a_word_makes_room_for_others(redis: RedisClient, tmp_path: Path) -> None:
    clock = FakeClock()
    rooms = RedisRooms(redis, RoomFiles(tmp_path), clock=clock)
    for number in range(100):
        await rooms.add_listener("a-room", Listener(f"l{number}", HERE, True))
    clock.advance(91)
    await rooms.add_listener("a-room", Listener("one more", HERE, True))
    assert list(await rooms.listeners("a-room")) == ["one more"]


async def test_without_redis_a_room_says_so_and_goes_on_when_it_is_back(own_redis: RedisServer, tmp_path: Path) -> None:
    redis = RedisClient(RedisSettings(url=SecretStr(own_redis.url), timeout_ms=2000, connect_timeout_ms=2000))
    rooms = RedisRooms(redis, RoomFiles(tmp_path))
    await rooms.change("a-room", admitting(a_danmu()))
    own_redis.stop()
    with pytest.raises(StoreAwayError):
        await rooms.change("a-room", admitting(a_danmu()))
    own_redis.start()
    await until(lambda: redis.status == "ok")
    await rooms.change("a-room", admitting(a_danmu()))
    assert (await rooms.read("a-room")).state.tally.arrived == 1  # this Redis keeps nothing
    await redis.close()
