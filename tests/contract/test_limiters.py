"""GCRA for several limits at once, shared and alone."""

import asyncio

import pytest

from danmu_tts.adapters.limits.gcra import LocalLimiter, RedisLimiter
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.limits import Limit, Unit
from danmu_tts.ports import RateLimiter
from tests.contract.conftest import FLAVOURS, redis_settings


@pytest.fixture(params=["alone", *FLAVOURS])
async def limiter(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    if request.param == "alone":
        yield LocalLimiter()
        return
    client = RedisClient(redis_settings(request.param, request))
    yield RedisLimiter(client)
    await client.close()


def a_limit(per_minute: int, cost: int = 1, *, of: str = "key", who: str = "a", unit: Unit = Unit.REQUESTS) -> Limit:
    return Limit(of, who, unit, per_minute, cost)


async def test_a_minutes_worth_may_be_taken_at_once_and_no_more(limiter: RateLimiter) -> None:
    standings = [(await limiter.take([a_limit(5)]))[0] for _ in range(6)]
    assert [each.remaining for each in standings] == [4, 3, 2, 1, 0, 0]
    assert [each.passed for each in standings] == [True] * 5 + [False]
    assert 11 < standings[-1].retry_after_s <= 12


async def test_it_says_when_there_will_be_enough(limiter: RateLimiter) -> None:
    await limiter.take([a_limit(60, 60)])
    (standing,) = await limiter.take([a_limit(60, 30)])
    assert 29 < standing.retry_after_s <= 30


async def test_each_who_of_and_unit_is_counted_apart(limiter: RateLimiter) -> None:
    limits = [
        a_limit(1),
        a_limit(1, who="b"),
        a_limit(1, of="room"),
        a_limit(1, unit=Unit.CHARACTERS),
    ]
    assert all(each.passed for each in await limiter.take(limits))
    for limit in limits:
        assert not (await limiter.take([limit]))[0].passed


async def test_where_one_has_too_little_nothing_is_taken_from_the_others(limiter: RateLimiter) -> None:
    wide, narrow = a_limit(10, 4), a_limit(5, 3, of="room")
    assert [each.remaining for each in await limiter.take([wide, narrow])] == [6, 2]
    (refused,) = await limiter.take([wide, narrow])
    assert (refused.limit, refused.passed, refused.remaining) == (narrow, False, 2)
    assert (await limiter.take([wide]))[0].remaining == 2


async def test_many_at_once_get_exactly_what_there_is(limiter: RateLimiter) -> None:
    answers = await asyncio.gather(*(limiter.take([a_limit(20)]) for _ in range(100)))
    assert sum(standing.passed for (standing,) in answers) == 20


async def test_a_hostile_name_is_just_a_name(limiter: RateLimiter) -> None:
    for who in ("{limits}", "a:b", "}", "\n", "弹幕" * 20):
        assert (await limiter.take([a_limit(1, who=who)]))[0].passed
