from dataclasses import dataclass, replace

import pytest

from danmu_tts.adapters.keys.cached import CachedKeys
from danmu_tts.domain.errors import StoreAwayError
from tests.builders.access import a_key, a_record
from tests.builders.clock import FakeClock
from tests.builders.key_store import FakeKeyStore

CACHE_S, STALE_S = 10.0, 3600.0
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
    return Bench(CachedKeys(store, CACHE_S, STALE_S, clock), store, clock)


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
