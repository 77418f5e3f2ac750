"""Who is connected, and utterances that any process can reach, on every flavour of Redis."""

import pytest

from danmu_tts.adapters.connections.redis import RedisConnections, RedisUtterances
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.access import Grant, Role
from danmu_tts.domain.connections import Connection
from danmu_tts.ports import Wishes
from danmu_tts.settings import RedisSettings
from tests.builders.clock import FakeClock

OWNER, ID = "key/room/client", "utterance-1"
NAME = (OWNER, ID)
HERE = Connection("L0SM9cOFvHcCIhw=", "https://api/stage", Grant("key", "proof", "room", Role.PLAYER, 1), "client")


@pytest.fixture
def utterances(redis: RedisClient) -> RedisUtterances:
    return RedisUtterances(redis)


async def test_connections_are_counted_until_they_are_removed(redis: RedisClient) -> None:
    connections = RedisConnections(redis, 60, FakeClock())
    for number in range(3):
        await connections.add(Connection(f"connection-{number}", "https://api"))
    await connections.add(Connection("connection-0", "https://api"))
    assert await connections.count() == 3
    await connections.remove("connection-1")
    await connections.remove("nobody")
    assert await connections.count() == 2


async def test_a_connection_that_nobody_removed_is_counted_no_longer_than_one_may_last(redis: RedisClient) -> None:
    clock = FakeClock()
    connections = RedisConnections(redis, 60, clock)
    await connections.add(HERE)
    clock.advance(59)
    assert await connections.count() == 1
    clock.advance(1)
    assert await connections.count() == 0


async def test_a_store_that_nobody_connects_to_any_more_is_empty_in_the_end(redis: RedisClient) -> None:
    await RedisConnections(redis, 60).add(HERE)
    assert 0 < await redis.run("TTL", redis.key("connections")) <= 60


async def test_a_connections_record_ends_with_its_time(redis: RedisClient) -> None:
    connections = RedisConnections(redis, 60)
    await connections.add(HERE)
    assert 0 < await redis.run("TTL", redis.key("connection", HERE.id)) <= 60
    await connections.remove(HERE.id)
    assert await redis.run("EXISTS", redis.key("connection", HERE.id)) == 0


async def test_a_name_is_taken_until_its_utterance_ends(utterances: RedisUtterances) -> None:
    assert await utterances.begin(*NAME)
    assert not await utterances.begin(*NAME)
    assert await utterances.begin("another owner", ID)
    await utterances.end(*NAME)
    assert await utterances.begin(*NAME)


async def test_a_wish_is_taken_once(utterances: RedisUtterances) -> None:
    await utterances.begin(*NAME)
    assert await utterances.look(*NAME) == Wishes()
    assert await utterances.wish(*NAME, Wishes(cancel=True))
    assert await utterances.was_taken(*NAME) is None
    assert await utterances.look(*NAME) == Wishes(cancel=True)
    assert await utterances.was_taken(*NAME) is True
    assert await utterances.look(*NAME) == Wishes()


async def test_where_its_client_is_now_is_told_whole(utterances: RedisUtterances) -> None:
    await utterances.begin(*NAME)
    await utterances.wish(*NAME, Wishes(listener=HERE, seq=7))
    assert await utterances.look(*NAME) == Wishes(listener=HERE, seq=7)


async def test_one_wish_does_not_undo_another(utterances: RedisUtterances) -> None:
    await utterances.begin(*NAME)
    await utterances.wish(*NAME, Wishes(cancel=True))
    await utterances.wish(*NAME, Wishes(listener=HERE, seq=1))
    await utterances.wish(*NAME, Wishes(listener=HERE, seq=2))
    assert await utterances.look(*NAME) == Wishes(cancel=True, listener=HERE, seq=2)


async def test_nothing_is_wished_of_an_utterance_that_is_over(utterances: RedisUtterances) -> None:
    assert not await utterances.wish(*NAME, Wishes(cancel=True))
    await utterances.begin(*NAME)
    await utterances.end(*NAME)
    assert not await utterances.wish(*NAME, Wishes(cancel=True))
    assert await utterances.was_taken(*NAME) is False


async def test_a_wish_that_came_too_late_was_not_taken(utterances: RedisUtterances) -> None:
    await utterances.begin(*NAME)
    await utterances.wish(*NAME, Wishes(listener=HERE))
    await utterances.end(*NAME)
    assert await utterances.was_taken(*NAME) is False


async def test_a_wish_that_was_taken_is_known_to_be_although_the_utterance_is_over(utterances: RedisUtterances) -> None:
    await utterances.begin(*NAME)
    await utterances.wish(*NAME, Wishes(listener=HERE))
    await utterances.look(*NAME)
    await utterances.end(*NAME)
    assert await utterances.was_taken(*NAME) is True
    assert not await utterances.wish(*NAME, Wishes(cancel=True))
    assert await utterances.begin(*NAME)


async def test_an_utterance_whose_speaker_died_is_forgotten(redis: RedisClient) -> None:
    utterances = RedisUtterances(redis, lease_ms=40)
    await utterances.begin(*NAME)
    for _ in range(3):
        await utterances.look(*NAME)
    assert await utterances.wish(*NAME, Wishes(cancel=True))
    while not await utterances.begin(*NAME):
        pass
    assert await utterances.look(*NAME) == Wishes()


async def test_neither_an_owners_name_nor_a_clients_is_in_a_key() -> None:
    redis = RedisClient(RedisSettings())
    await RedisUtterances(redis).begin("key/room/a-secret-name", ID)
    keys = await redis.run("KEYS", "*")
    assert keys
    assert not [key for key in keys if b"a-secret-name" in key]


async def test_a_late_look_does_not_bring_an_utterance_back(utterances: RedisUtterances) -> None:
    await utterances.begin(*NAME)
    await utterances.end(*NAME)
    assert await utterances.look(*NAME) == Wishes()
    assert await utterances.begin(*NAME)
