"""What is spent while Redis is away is not forgotten, and no cap is passed meanwhile."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from danmu_tts.adapters.ledger.redis import RedisLedger
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.spend import Cap, Cost, Entry
from danmu_tts.settings import RedisSettings
from tests.builders.until import until
from tests.servers.redis_server import RedisServer

MONTH = "2026-11"
CAP = Cap("all", paid_characters=45)


def an_entry() -> Entry:
    return Entry(uuid.uuid4().hex, MONTH, ("all", "room/a"), Cost(10, 1))


@pytest.fixture
async def redis(own_redis: RedisServer) -> AsyncIterator[RedisClient]:
    client = RedisClient(
        RedisSettings.model_validate({"url": own_redis.url, "timeout_ms": 1000, "connect_timeout_ms": 5000})
    )
    yield client
    await client.close()


async def spent(ledger: RedisLedger) -> int:
    return (await ledger.report(MONTH))["all"].characters


async def test_caps_hold_by_what_was_last_known_and_all_is_added_afterwards(
    own_redis: RedisServer, redis: RedisClient
) -> None:
    ledger = RedisLedger(redis)
    assert [await ledger.enter(an_entry(), [CAP]) for _ in range(2)] == [True, True]
    own_redis.stop()
    alone = [an_entry() for _ in range(4)]
    assert [await ledger.enter(entry, [CAP]) for entry in alone] == [True, True, False, False]
    await ledger.cancel(alone[0])
    assert [await ledger.enter(an_entry(), [CAP]) for _ in range(2)] == [True, False]
    own_redis.start()  # which has forgotten what came before
    await until(lambda: redis.status == "ok")
    assert await spent(ledger) == 20
    assert await ledger.enter(an_entry(), [CAP])
    assert await spent(ledger) == 30


async def test_a_cap_that_this_process_never_heard_of_is_taken_for_used_up(
    own_redis: RedisServer, redis: RedisClient
) -> None:
    own_redis.stop()
    assert not await RedisLedger(redis).enter(an_entry(), [CAP])
    assert await RedisLedger(redis).enter(an_entry(), [])


async def test_what_is_owed_is_told_without_being_asked(own_redis: RedisServer, redis: RedisClient) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    ledger = RedisLedger(redis, sleep)
    await ledger.enter(an_entry(), [])
    own_redis.stop()
    await ledger.enter(an_entry(), [])
    own_redis.start()
    with own_redis.admin() as admin:
        await until(lambda: bool(admin.keys("danmu:*2026-11")))
    assert waits


async def test_a_long_absence_is_made_up_for(own_redis: RedisServer, redis: RedisClient) -> None:
    ledger = RedisLedger(redis)
    await ledger.enter(an_entry(), [])
    own_redis.stop()
    for _ in range(1000):
        await ledger.enter(an_entry(), [])
    own_redis.start()
    await until(lambda: redis.status == "ok")
    assert await spent(ledger) == 10_000


async def test_who_leaves_while_it_is_added_takes_nothing_with_him(own_redis: RedisServer, redis: RedisClient) -> None:
    ledger = RedisLedger(redis)
    await ledger.enter(an_entry(), [])
    own_redis.pause()
    assert await ledger.enter(an_entry(), [])
    own_redis.stop()
    own_redis.start()
    await until(lambda: redis.status == "ok")
    own_redis.pause()
    leaving = asyncio.create_task(ledger.enter(an_entry(), []))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    own_redis.resume()
    await until(lambda: redis.status == "ok")
    assert await spent(ledger) == 10
