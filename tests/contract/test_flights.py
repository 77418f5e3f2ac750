"""At most one maker a key, on every flavour of Redis."""

import asyncio
from itertools import count

import pytest

from danmu_tts.adapters.flights.redis import Led, RedisFlights
from danmu_tts.adapters.redis.client import RedisClient
from tests.builders.speech import KEY, a_key

PATIENCE_S = 10.0


@pytest.fixture
def flights(redis: RedisClient) -> RedisFlights:
    ids = count(1)
    return RedisFlights(redis, lambda: f"flight-{next(ids)}")


def die(leader: object) -> None:
    """Stop renewing the lease, as kill -9 would."""
    assert isinstance(leader, Led)
    leader.renewing.cancel()


async def test_the_first_leads_and_the_others_join(flights: RedisFlights) -> None:
    first, *others = [await flights.enter(KEY) for _ in range(3)]
    assert first.leads
    assert not any(other.leads for other in others)
    await first.land(b"done")


async def test_each_key_has_a_flight_of_its_own(flights: RedisFlights) -> None:
    led = [await flights.enter(a_key(number)) for number in range(3)]
    assert all(flight.leads for flight in led)
    for flight in led:
        await flight.land(b"done")


async def test_whoever_joined_hears_how_it_ended_while_waiting(flights: RedisFlights) -> None:
    leader = await flights.enter(KEY)
    waiting = [asyncio.create_task((await flights.enter(KEY)).landing(PATIENCE_S)) for _ in range(5)]
    await leader.land(b"the outcome")
    assert await asyncio.gather(*waiting) == [b"the outcome"] * 5


async def test_whoever_joined_hears_it_though_it_landed_before_he_listened(flights: RedisFlights) -> None:
    leader = await flights.enter(KEY)
    joined = await flights.enter(KEY)
    await leader.land(b"done")
    assert await joined.landing(PATIENCE_S) == b"done"


async def test_after_a_landing_the_next_one_leads(flights: RedisFlights) -> None:
    await (await flights.enter(KEY)).land(b"done")
    after = await flights.enter(KEY)
    assert after.leads
    await after.land(b"done")


async def test_an_old_landing_is_not_taken_for_a_new_one(flights: RedisFlights) -> None:
    await (await flights.enter(KEY)).land(b"old")
    leader = await flights.enter(KEY)
    waiting = asyncio.create_task((await flights.enter(KEY)).landing(PATIENCE_S))
    await leader.land(b"new")
    assert await waiting == b"new"


async def test_nobody_waits_longer_than_he_may(flights: RedisFlights) -> None:
    leader = await flights.enter(KEY)
    assert await (await flights.enter(KEY)).landing(0.01) is None
    await leader.land(b"done")


async def test_a_leader_that_died_is_replaced(redis: RedisClient) -> None:
    ids = count(1)
    flights = RedisFlights(redis, lambda: f"flight-{next(ids)}", lease_s=0.2)
    leader = await flights.enter(KEY)
    joined = await flights.enter(KEY)
    die(leader)
    assert await joined.landing(PATIENCE_S) is None
    successor = await flights.enter(KEY)
    assert successor.leads
    await successor.land(b"done")


async def test_a_leader_that_lives_keeps_its_place_beyond_one_lease(redis: RedisClient) -> None:
    ids = count(1)
    flights = RedisFlights(redis, lambda: f"flight-{next(ids)}", lease_s=0.5)
    leader = await flights.enter(KEY)
    assert await (await flights.enter(KEY)).landing(1.5) is None
    assert not (await flights.enter(KEY)).leads
    await leader.land(b"done")


async def test_a_leader_that_comes_too_late_does_not_end_its_successors_flight(redis: RedisClient) -> None:
    ids = count(1)
    flights = RedisFlights(redis, lambda: f"flight-{next(ids)}", lease_s=0.2)
    late = await flights.enter(KEY)
    die(late)
    assert await (await flights.enter(KEY)).landing(PATIENCE_S) is None
    successor = await flights.enter(KEY)
    assert successor.leads
    await late.land(b"late")
    assert not (await flights.enter(KEY)).leads
    await successor.land(b"done")
