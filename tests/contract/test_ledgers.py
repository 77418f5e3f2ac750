"""What was spent, in Redis and in a file."""

import asyncio
import uuid
from pathlib import Path

import pytest

from danmu_tts.adapters.ledger.redis import RedisLedger
from danmu_tts.adapters.ledger.sqlite import SqliteLedger
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.spend import Cap, Cost, Entry, Total
from danmu_tts.ports import Ledger
from tests.contract.conftest import FLAVOURS, redis_settings

MONTH = "2026-11"
SUBJECTS = ("all", "backend/azure", "key/abc", "room/晚上")


@pytest.fixture(params=["sqlite", *FLAVOURS])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path):  # type: ignore[no-untyped-def]
    if request.param == "sqlite":
        yield SqliteLedger(tmp_path / "folder" / "spend.sqlite3")
        return
    client = RedisClient(redis_settings(request.param, request))
    yield RedisLedger(client)
    await client.close()


def an_entry(characters: int = 10, nano_usd: int = 150_000, month: str = MONTH) -> Entry:
    return Entry(uuid.uuid4().hex, month, SUBJECTS, Cost(characters, nano_usd))


async def test_an_entry_counts_for_each_of_its_subjects(ledger: Ledger) -> None:
    assert await ledger.enter(an_entry(), [])
    assert await ledger.enter(an_entry(5, 75_000), [])
    assert await ledger.report(MONTH) == dict.fromkeys(SUBJECTS, Total(15, 15, 225_000))


async def test_each_month_begins_with_nothing(ledger: Ledger) -> None:
    await ledger.enter(an_entry(month="2026-10"), [])
    assert await ledger.report(MONTH) == {}


async def test_a_cap_is_kept_to_the_last_character(ledger: Ledger) -> None:
    cap = Cap("key/abc", paid_characters=25)
    assert [await ledger.enter(an_entry(), [cap]) for _ in range(3)] == [True, True, False]
    assert await ledger.enter(an_entry(5), [cap])
    assert (await ledger.report(MONTH))["key/abc"].characters == 25


async def test_a_cap_is_kept_to_the_last_dollar(ledger: Ledger) -> None:
    cap = Cap("all", nano_usd=300_000)
    assert [await ledger.enter(an_entry(), [cap]) for _ in range(3)] == [True, True, False]


async def test_the_tightest_of_several_caps_counts(ledger: Ledger) -> None:
    caps = [Cap("all", nano_usd=10**12), Cap("key/abc", paid_characters=15)]
    assert [await ledger.enter(an_entry(), caps) for _ in range(2)] == [True, False]


async def test_what_is_free_is_counted_and_passes_every_cap(ledger: Ledger) -> None:
    cap = Cap("key/abc", paid_characters=0, nano_usd=0)
    assert await ledger.enter(an_entry(10, 0), [cap])
    assert (await ledger.report(MONTH))["key/abc"] == Total(10, 0, 0)
    assert not await ledger.enter(an_entry(1, 1), [cap])


async def test_what_is_taken_back_was_not_spent(ledger: Ledger) -> None:
    cap = Cap("all", paid_characters=10)
    entry = an_entry()
    await ledger.enter(entry, [cap])
    await ledger.cancel(entry)
    assert await ledger.enter(an_entry(), [cap])
    assert await ledger.total(MONTH, "all") == Total(10, 10, 150_000)


async def test_many_at_once_keep_a_cap_exactly(ledger: Ledger) -> None:
    cap = Cap("all", paid_characters=70)
    entered = await asyncio.gather(*(ledger.enter(an_entry(), [cap]) for _ in range(30)))
    assert sum(entered) == 7
    assert (await ledger.report(MONTH))["all"].characters == 70


async def test_nothing_was_spent_on_whom_nobody_knows(ledger: Ledger) -> None:
    assert await ledger.total(MONTH, "key/nobody") == Total()


@pytest.fixture(params=FLAVOURS)
async def shared_ledger(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    client = RedisClient(redis_settings(request.param, request))
    yield RedisLedger(client)
    await client.close()


async def test_an_entry_that_is_told_twice_counts_once(shared_ledger: RedisLedger) -> None:
    entry = an_entry()
    assert [await shared_ledger.enter(entry, []) for _ in range(2)] == [True, True]
    assert (await shared_ledger.total(MONTH, "all")).characters == 10
    for _ in range(2):
        await shared_ledger.cancel(entry)
    assert (await shared_ledger.total(MONTH, "all")).characters == 0


async def test_an_entry_that_comes_after_it_was_taken_back_does_not_count(shared_ledger: RedisLedger) -> None:
    entry = an_entry()
    await shared_ledger.cancel(entry)
    assert not await shared_ledger.enter(entry, [])
    assert await shared_ledger.report(MONTH) == {}


async def test_many_rooms_are_read_piece_by_piece(shared_ledger: RedisLedger) -> None:
    rooms = [Entry(str(n), MONTH, (f"room/{n}",), Cost(1, 0)) for n in range(2500)]
    await asyncio.gather(*(shared_ledger.enter(entry, []) for entry in rooms))
    assert await shared_ledger.report(MONTH) == {f"room/{n}": Total(1, 0, 0) for n in range(2500)}


async def test_the_file_outlives_the_process(tmp_path: Path) -> None:
    await SqliteLedger(tmp_path / "spend.sqlite3").enter(an_entry(), [])
    assert (await SqliteLedger(tmp_path / "spend.sqlite3").report(MONTH))["all"].characters == 10
