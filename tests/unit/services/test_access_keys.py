"""Making keys, listing them and withdrawing them."""

from dataclasses import replace

import pytest

from danmu_tts.domain.access import Keyless, KeyRecord, Role, Scope, hash_secret
from danmu_tts.domain.errors import InvalidRequestError, NotFoundError
from danmu_tts.services.access import Access, Allowance
from tests.builders.access import NOW_S, a_key, a_record
from tests.builders.access_bench import AccessBench, access_bench
from tests.builders.key_store import FakeKeyStore

DAY_S = 24 * 3600
ROOM = "room-1"
RECORD = a_record()
KEY = str(a_key())


@pytest.fixture
def bench() -> AccessBench:
    return access_bench(RECORD)


async def test_a_new_key_works_and_its_secret_is_kept_nowhere(bench: AccessBench) -> None:
    allowance = Allowance(60, 6000, 1_000_000, 2.5)
    issued = await bench.access.create("bot 机器人", [Scope.SPEAK], allowance, ttl_s=DAY_S)
    record = issued.record
    assert bench.store.records[issued.text.id] == record
    assert (record.name, record.scopes) == ("bot 机器人", frozenset({Scope.SPEAK}))
    assert (record.created_at, record.expires_at) == (NOW_S, NOW_S + DAY_S)
    assert await bench.who(str(issued.text)) == record.principal
    assert (record.requests_per_minute, record.characters_per_minute) == (60, 6000)
    assert (record.monthly_characters, record.monthly_usd) == (1_000_000, 2.5)
    assert issued.text.secret not in repr(record)
    assert record.token_secret != issued.text.secret


async def test_every_key_is_its_own() -> None:
    access = Access(FakeKeyStore(), Keyless.NOBODY)
    made = [await access.create("bot", [Scope.SPEAK]) for _ in range(50)]
    for values in ({each.text.id for each in made}, {each.text.secret for each in made}):
        assert len(values) == 50
    assert len({each.record.token_secret for each in made}) == 50


@pytest.mark.parametrize(
    ("name", "scopes", "allowance", "ttl_s", "param"),
    [
        ("", [Scope.SPEAK], Allowance(), None, "name"),
        ("x" * 65, [Scope.SPEAK], Allowance(), None, "name"),
        ("a\nb", [Scope.SPEAK], Allowance(), None, "name"),
        ("\x1b[31m", [Scope.SPEAK], Allowance(), None, "name"),
        ("\ud800", [Scope.SPEAK], Allowance(), None, "name"),
        ("bot", [], Allowance(), None, "scopes"),
        ("bot", [Scope.SPEAK], Allowance(requests_per_minute=-1), None, "requests_per_minute"),
        ("bot", [Scope.SPEAK], Allowance(monthly_usd=float("nan")), None, "monthly_usd"),
        ("bot", [Scope.SPEAK], Allowance(monthly_usd=float("inf")), None, "monthly_usd"),
        ("bot", [Scope.SPEAK], Allowance(monthly_characters=10**30), None, "monthly_characters"),
        ("bot", [Scope.SPEAK], Allowance(), 0, "ttl_s"),
        ("bot", [Scope.SPEAK], Allowance(), 10**12, "ttl_s"),
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(
    bench: AccessBench, name: str, scopes: list[Scope], allowance: Allowance, ttl_s: int | None, param: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await bench.access.create(name, scopes, allowance, ttl_s=ttl_s)
    assert caught.value.param == param
    assert list(bench.store.records) == [RECORD.id]


async def test_keys_are_listed_oldest_first(bench: AccessBench) -> None:
    bench.store.records[a_key(1).id] = replace(a_record(1), created_at=NOW_S - 1)
    assert [record.id for record in await bench.access.list()] == [a_key(1).id, RECORD.id]


async def test_revoking_twice_keeps_the_first_time(bench: AccessBench) -> None:
    await bench.access.revoke(RECORD.id)
    bench.clock.advance(DAY_S)
    assert (await bench.access.revoke(RECORD.id)).revoked_at == NOW_S


async def test_rotating_changes_the_secrets_and_nothing_else(bench: AccessBench) -> None:
    issued = await bench.access.rotate(RECORD.id)
    assert await bench.is_refused(KEY)
    assert (await bench.who(str(issued.text))).key_id == RECORD.id
    assert issued.record.token_secret != RECORD.token_secret
    restored = replace(issued.record, secret_sha256=RECORD.secret_sha256, token_secret=RECORD.token_secret)
    assert restored == RECORD


@pytest.mark.parametrize("dead", [replace(RECORD, revoked_at=1), replace(RECORD, expires_at=1)])
async def test_a_dead_key_is_neither_rotated_nor_signs_tokens(dead: KeyRecord) -> None:
    bench = access_bench(dead)
    with pytest.raises(InvalidRequestError, match=str(dead.state(NOW_S))):
        await bench.access.rotate(dead.id)
    with pytest.raises(InvalidRequestError):
        bench.access.room_token(dead, ROOM, Role.PLAYER, DAY_S)
    assert bench.store.records == {dead.id: dead}


@pytest.mark.parametrize("key_id", [a_key(7).id, "", "no id", str(a_key(7)), "danmu_x"])
async def test_a_key_that_is_not_there_is_not_found_and_no_secret_repeated(bench: AccessBench, key_id: str) -> None:
    for ask in (bench.access.find, bench.access.revoke, bench.access.rotate):
        with pytest.raises(NotFoundError) as caught:
            await ask(key_id)
        assert a_key(7).secret not in caught.value.message


async def test_a_key_is_found_by_its_whole_text_too(bench: AccessBench) -> None:
    assert await bench.access.find(KEY) == RECORD


def test_the_kept_hash_is_that_of_the_secret_alone() -> None:
    assert RECORD.secret_sha256 == hash_secret(a_key().secret).hex()
