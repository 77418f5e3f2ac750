"""What is spent while Redis is away is not forgotten, and no cap is passed meanwhile."""

import asyncio
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
ENTRY = Entry(MONTH, ("all", "room/a"), Cost(10, 1))


@pytest.fixture
async def redis(own_redis: RedisServer) -> AsyncIterator[RedisClient]:
    client = RedisClient(RedisSettings.model_validate({"url": own_redis.url, "timeout_ms": 200}))
    yield client
    await client.close()


async def spent(ledger: RedisLedger) -> int:
    return (await ledger.report(MONTH))["all"].characters


async def test_caps_hold_by_what_was_last_known_and_all_is_added_afterwards(
    own_redis: RedisServer, redis: RedisClient
) -> None:
    ledger = RedisLedger(redis)
    assert [await ledger.enter(ENTRY, [CAP]) for _ in range(2)] == [True, True]
    own_redis.stop()
    assert [await ledger.enter(ENTRY, [CAP]) for _ in range(4)] == [True, True, False, False]
    await ledger.cancel(ENTRY)
    assert [await ledger.enter(ENTRY, [CAP]) for _ in range(2)] == [True, False]
    own_redis.start()  # which has forgotten what came before
    await until(lambda: redis.status == "ok")
    assert await spent(ledger) == 20
    assert await ledger.enter(ENTRY, [CAP])
    assert await spent(ledger) == 30


async def test_a_long_absence_is_made_up_for_in_one_step_for_each_account(
    own_redis: RedisServer, redis: RedisClient
) -> None:
    ledger = RedisLedger(redis)
    await ledger.enter(ENTRY, [])
    own_redis.stop()
    for _ in range(1000):
        await ledger.enter(ENTRY, [])
    own_redis.start()
    await until(lambda: redis.status == "ok")
    assert await spent(ledger) == 10_000
    with own_redis.admin() as admin:
        calls = admin.info("commandstats")["cmdstat_expire"]["calls"]
    assert calls == 1


async def test_who_leaves_while_it_is_added_takes_nothing_with_him(own_redis: RedisServer, redis: RedisClient) -> None:
    ledger = RedisLedger(redis)
    await ledger.enter(ENTRY, [])
    own_redis.pause()
    assert await ledger.enter(ENTRY, [])
    own_redis.stop()
    own_redis.start()
    await until(lambda: redis.status == "ok")
    own_redis.pause()
    leaving = asyncio.create_task(ledger.enter(ENTRY, []))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    own_redis.resume()
    await until(lambda: redis.status == "ok")
    assert await spent(ledger) == 10
