import asyncio
from dataclasses import dataclass, replace

import pytest

from danmu_tts.adapters.keys.cached import CachedKeys
from danmu_tts.domain.access import KeyRecord
from danmu_tts.domain.errors import StoreAwayError
from tests.builders.access import a_key, a_record
from tests.builders.clock import FakeClock
from tests.builders.key_store import FakeKeyStore

CACHE_S, STALE_S, PATIENCE_S = 10.0, 3600.0, 0.01
MOST_SEARCHES = 8
RECORD = a_record()
REVOKED = replace(RECORD, revoked_at=1)


@dataclass(frozen=True)
class Bench:
    keys: CachedKeys
    store: FakeKeyStore
    clock: FakeClock


@pytest.fixture
def bench() -> Bench:
    store, clock = FakeKeyStore(RECORD), FakeClock()
    return Bench(CachedKeys(store, CACHE_S, STALE_S, clock, PATIENCE_S), store, clock)


async def test_a_key_is_asked_for_once_in_ten_seconds(bench: Bench) -> None:
    for _ in range(3):
        assert await bench.keys.get(RECORD.id) == RECORD
    assert bench.store.asked == [RECORD.id]


async def test_a_change_that_another_process_made_is_seen_within_ten_seconds(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    bench.store.records[RECORD.id] = REVOKED
    bench.clock.advance(CACHE_S - 0.1)
    assert await bench.keys.get(RECORD.id) == RECORD
    bench.clock.advance(0.1)
    assert await bench.keys.get(RECORD.id) == REVOKED


async def test_an_own_change_is_seen_at_once(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    await bench.keys.put(REVOKED)
    assert await bench.keys.get(RECORD.id) == REVOKED


async def test_a_new_key_of_an_id_that_was_asked_for_is_known_at_once(bench: Bench) -> None:
    assert await bench.keys.get(a_key(1).id) is None
    await bench.keys.put(a_record(1))
    assert await bench.keys.get(a_key(1).id) == a_record(1)


async def test_an_unknown_id_is_asked_for_once_in_ten_seconds(bench: Bench) -> None:
    for _ in range(3):
        assert await bench.keys.get(a_key(1).id) is None
    assert bench.store.asked == [a_key(1).id]
    bench.clock.advance(CACHE_S)
    bench.store.records[a_key(1).id] = a_record(1)
    assert await bench.keys.get(a_key(1).id) == a_record(1)


async def test_a_key_that_was_deleted_is_unknown_after_ten_seconds(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    bench.store.records.clear()
    bench.clock.advance(CACHE_S)
    assert await bench.keys.get(RECORD.id) is None
    bench.store.away = True
    bench.clock.advance(CACHE_S)
    with pytest.raises(StoreAwayError):
        await bench.keys.get(RECORD.id)


async def test_while_the_store_is_away_a_key_stays_as_it_was_for_an_hour(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    bench.store.away = True
    for _ in range(int(STALE_S / CACHE_S) - 1):
        bench.clock.advance(CACHE_S)
        assert await bench.keys.get(RECORD.id) == RECORD
    bench.clock.advance(CACHE_S)
    with pytest.raises(StoreAwayError):
        await bench.keys.get(RECORD.id)


async def test_a_store_that_is_away_is_not_asked_by_every_request(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    bench.store.away = True
    bench.clock.advance(CACHE_S)
    for _ in range(5):
        await bench.keys.get(RECORD.id)
    assert len(bench.store.asked) == 2


async def test_a_store_that_comes_back_is_believed_after_ten_seconds(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    bench.store.away = True
    bench.clock.advance(CACHE_S)
    await bench.keys.get(RECORD.id)
    bench.store.away = False
    bench.store.records[RECORD.id] = REVOKED
    bench.clock.advance(CACHE_S)
    assert await bench.keys.get(RECORD.id) == REVOKED


async def test_a_store_that_is_away_knows_nobody_new(bench: Bench) -> None:
    bench.store.away = True
    with pytest.raises(StoreAwayError):
        await bench.keys.get(RECORD.id)


async def test_a_clock_that_is_set_back_keeps_no_revoked_key_alive(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    bench.store.records[RECORD.id] = REVOKED
    bench.clock.advance(-7200)
    assert await bench.keys.get(RECORD.id) == REVOKED


async def test_guessing_at_ids_pushes_no_key_out(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    for number in range(1, 1024):
        await bench.keys.get(a_key(number).id)
    for number in range(2000):
        await bench.keys.get(f"{number:012d}".translate(str.maketrans("0189", "abcd")))
    bench.store.asked.clear()
    assert await bench.keys.get(RECORD.id) == RECORD
    assert bench.store.asked == []


async def hanging(bench: Bench, *key_ids: str) -> list[asyncio.Task[KeyRecord | None]]:
    """Ask for keys of a store that hangs from now on."""
    bench.store.answers.clear()
    lookups = [asyncio.create_task(bench.keys.get(key_id)) for key_id in key_ids]
    for _ in range(3):
        await asyncio.sleep(0)
    return lookups


def unknown_ids(number: int) -> list[str]:
    return [a_key(each).id for each in range(1, number + 1)]


async def test_a_store_is_asked_once_for_an_id_however_many_ask_at_once(bench: Bench) -> None:
    lookups = await hanging(bench, *[RECORD.id] * 20)
    bench.store.answers.set()
    assert await asyncio.gather(*lookups) == [RECORD] * 20
    assert bench.store.asked == [RECORD.id]


async def test_who_stops_waiting_takes_nobody_along(bench: Bench) -> None:
    first, second = await hanging(bench, RECORD.id, RECORD.id)
    first.cancel()
    await asyncio.wait([first])
    bench.store.answers.set()
    assert await second == RECORD


async def test_a_known_key_waits_a_moment_for_a_store_that_hangs_and_is_then_what_it_was(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    bench.clock.advance(CACHE_S)
    bench.store.answers.clear()
    async with asyncio.timeout(5):
        for _ in range(3):
            assert await bench.keys.get(RECORD.id) == RECORD
    assert len(bench.store.asked) == 2


async def test_a_known_key_that_turns_out_revoked_while_nobody_waits_is_refused_from_then_on(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    bench.clock.advance(CACHE_S)
    bench.store.records[RECORD.id] = REVOKED
    bench.store.answers.clear()
    async with asyncio.timeout(5):
        assert await bench.keys.get(RECORD.id) == RECORD
    bench.store.answers.set()
    assert await bench.keys.get(RECORD.id) == REVOKED


async def test_a_store_that_hangs_keeps_no_key_for_longer_than_an_hour(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    bench.clock.advance(STALE_S)
    (lookup,) = await hanging(bench, RECORD.id)
    await asyncio.wait([lookup], timeout=3 * PATIENCE_S)
    assert not lookup.done()
    bench.store.answers.set()
    assert await lookup == RECORD


async def test_what_was_asked_before_the_process_was_frozen_is_asked_again_after_it(bench: Bench) -> None:
    (before,) = await hanging(bench, RECORD.id)
    bench.store.records[RECORD.id] = REVOKED
    bench.clock.advance(STALE_S)
    (after,) = await hanging(bench, RECORD.id)
    bench.store.answers.set()
    assert (await before, await after) == (RECORD, REVOKED)
    assert await bench.keys.get(RECORD.id) == REVOKED


async def test_an_answer_that_is_older_than_an_own_change_does_not_undo_it(bench: Bench) -> None:
    (lookup,) = await hanging(bench, RECORD.id)
    await bench.keys.put(REVOKED)
    bench.store.answers.set()
    assert await lookup == REVOKED
    assert await bench.keys.get(RECORD.id) == REVOKED


async def test_many_unknown_ids_are_refused_at_once_while_a_few_are_asked_for(bench: Bench) -> None:
    *few, one_more = unknown_ids(MOST_SEARCHES + 1)
    lookups = await hanging(bench, *few)
    with pytest.raises(StoreAwayError) as caught:
        await bench.keys.get(one_more)
    assert caught.value.retry_after_s
    assert bench.store.asked == few
    bench.store.answers.set()
    assert await asyncio.gather(*lookups) == [None] * MOST_SEARCHES
    assert await bench.keys.get(one_more) is None


async def test_a_known_key_is_refreshed_however_many_unknown_ones_are_asked_for(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    bench.clock.advance(CACHE_S)
    lookups = await hanging(bench, *unknown_ids(MOST_SEARCHES))
    assert await bench.keys.get(RECORD.id) == RECORD
    assert bench.store.asked.count(RECORD.id) == 2
    bench.store.answers.set()
    await asyncio.gather(*lookups)


async def test_after_a_failure_the_store_is_asked_for_unknown_ids_a_second_later(bench: Bench) -> None:
    first, second = unknown_ids(2)
    bench.store.away = True
    with pytest.raises(StoreAwayError):
        await bench.keys.get(first)
    bench.store.away = False
    bench.clock.advance(0.9)
    with pytest.raises(StoreAwayError) as caught:
        await bench.keys.get(second)
    assert caught.value.retry_after_s
    assert bench.store.asked == [first]
    bench.clock.advance(0.1)
    assert await bench.keys.get(second) is None


async def test_after_a_failure_known_keys_are_asked_for_as_ever(bench: Bench) -> None:
    await bench.keys.get(RECORD.id)
    bench.clock.advance(CACHE_S)
    bench.store.records[RECORD.id] = REVOKED
    bench.store.away = True
    with pytest.raises(StoreAwayError):
        await bench.keys.get(a_key(1).id)
    bench.store.away = False
    assert await bench.keys.get(RECORD.id) == REVOKED
