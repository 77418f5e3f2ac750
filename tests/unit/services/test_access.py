import hmac
from dataclasses import replace

import pytest

from danmu_tts.domain.access import (
    ANONYMOUS,
    Grant,
    Keyless,
    KeyState,
    KeyText,
    Role,
    Scope,
)
from danmu_tts.domain.errors import (
    DanmuTTSError,
    ForbiddenError,
    InvalidRequestError,
    StoreAwayError,
    UnauthorizedError,
)
from danmu_tts.services.access import Access
from danmu_tts.services.room_tokens import RoomGrant, sign
from tests.builders.access import NOW_S, a_key, a_record
from tests.builders.access_bench import AccessBench, access_bench

DAY_S = 24 * 3600
ROOM = "room-1"
RECORD = a_record()
KEY = str(a_key())


@pytest.fixture
def bench() -> AccessBench:
    return access_bench(RECORD)


async def test_a_key_is_known_and_brings_its_rights_and_limits() -> None:
    record = replace(a_record(scopes=[Scope.SPEAK]), requests_per_minute=60, monthly_usd=2.0)
    principal = await access_bench(record).who(KEY)
    assert principal == record.principal
    with pytest.raises(ForbiddenError):
        principal.require(Scope.ADMIN)


@pytest.mark.parametrize(
    ("keyless", "local", "allowed"),
    [
        (Keyless.NOBODY, False, False),
        (Keyless.NOBODY, True, False),
        (Keyless.LOCAL, False, False),
        (Keyless.LOCAL, True, True),
        (Keyless.EVERYBODY, False, True),
        (Keyless.EVERYBODY, True, True),
    ],
)
# What OpenAI's clients are given where a key is only asked for by them.
@pytest.mark.parametrize("credential", [None, "", "unused", "sk-1234567890", "not needed", "a.b", "弹幕"])
async def test_who_needs_no_key_is_anonymous_and_whoever_needs_one_is_told_how_to_get_it(
    keyless: Keyless, local: bool, allowed: bool, credential: str | None
) -> None:
    bench = access_bench(RECORD, keyless=keyless)
    if allowed:
        assert await bench.who(credential, local=local) is ANONYMOUS
        return
    with pytest.raises(UnauthorizedError, match="keys create"):
        await bench.who(credential, local=local)


WRONG = {
    "another secret": str(KeyText(a_key().id, a_key(1).secret)),
    "an unknown id": str(a_key(7)),
    "a secret in part": KEY[:-1],
    "more than a secret": KEY + "0",
    "a space after it": KEY + " ",
    "a newline after it": KEY + "\n",
    "a NUL in it": KEY[:-1] + "\0",
    "an umlaut in it": KEY[:-1] + "ü",
    "a surrogate in it": KEY[:-1] + "\ud800",
    "two keys": f"{KEY},{KEY}",
    "its beginning": "danmu_",
    "a path": "danmu_../../../etc_" + "0" * 43,
    "a megabyte": "danmu_" + "a" * 1_000_000,
    "a megabyte of anything": "a" * 1_000_000,
    "no token": "a.b.c",
    "an empty signature": "eyJhbGciOiJub25lIn0.e30.",
}


@pytest.mark.parametrize("keyless", Keyless)
@pytest.mark.parametrize("credential", WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_credential_is_refused_also_where_none_is_needed(keyless: Keyless, credential: str) -> None:
    bench = access_bench(RECORD, keyless=keyless)
    assert await bench.is_refused(credential, local=True)
    assert await bench.is_refused(credential)


async def test_a_refusal_repeats_nothing_of_what_was_sent(bench: AccessBench) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        await bench.who(WRONG["another secret"])
    assert a_key(1).secret not in caught.value.message
    assert a_key().id not in caught.value.message


@pytest.mark.parametrize(
    "credential",
    [
        KEY,
        WRONG["another secret"],
        WRONG["an unknown id"],
        WRONG["a secret in part"],
        WRONG["an umlaut in it"],
        "unused",
    ],
    ids=["good", "another secret", "an unknown id", "malformed", "not ASCII", "no key"],
)
async def test_the_same_comparison_is_made_whoever_asks(bench: AccessBench, credential: str) -> None:
    await bench.is_refused(credential)
    assert bench.compared == [(32, 32)]


def test_the_comparison_takes_as_long_wherever_digests_differ() -> None:
    assert Access.__init__.__defaults__ is not None
    assert hmac.compare_digest in Access.__init__.__defaults__


async def test_an_unknown_keys_comparison_cannot_succeed() -> None:
    bench = access_bench()
    bench.access = Access(bench.store, Keyless.NOBODY, bench.clock, equal=lambda kept, shown: True)
    assert await bench.is_refused(KEY)
    assert await bench.is_refused("unused")


async def test_a_key_is_good_until_it_expires(bench: AccessBench) -> None:
    bench.store.records[RECORD.id] = replace(RECORD, expires_at=NOW_S + DAY_S)
    bench.clock.advance(DAY_S - 1)
    assert (await bench.who(KEY)).key_id == RECORD.id
    bench.clock.advance(1)
    with pytest.raises(UnauthorizedError, match="is expired"):
        await bench.who(KEY)


async def test_only_who_has_the_secret_learns_that_a_key_is_revoked(bench: AccessBench) -> None:
    await bench.access.revoke(RECORD.id)
    with pytest.raises(UnauthorizedError, match="is revoked"):
        await bench.who(KEY)
    with pytest.raises(UnauthorizedError, match="is not good"):
        await bench.who(WRONG["another secret"])


async def test_a_store_that_is_away_is_no_reason_to_let_anybody_in(bench: AccessBench) -> None:
    bench.store.away = True
    with pytest.raises(StoreAwayError):
        await bench.who(KEY, local=True)
    assert await bench.who(None, local=True) is ANONYMOUS
    assert await bench.is_refused("danmu_malformed")


@pytest.mark.parametrize("role", Role)
async def test_a_room_token_lets_its_holder_listen_under_its_keys_limits(role: Role) -> None:
    record = replace(RECORD, requests_per_minute=60, monthly_usd=2.0)
    bench = access_bench(record, keyless=Keyless.NOBODY)
    holder = await bench.who(bench.access.room_token(record, ROOM, role, DAY_S))
    assert holder == record.token_holder(ROOM, role)
    holder.require(Scope.LISTEN, ROOM)
    with pytest.raises(ForbiddenError):
        holder.require(Scope.LISTEN, "room-2")
    with pytest.raises(ForbiddenError):
        holder.require(Scope.SPEAK, ROOM)


async def test_a_room_token_is_good_until_it_expires(bench: AccessBench) -> None:
    token = bench.access.room_token(RECORD, ROOM, Role.PLAYER, DAY_S)
    bench.clock.advance(DAY_S - 1)
    assert (await bench.who(token)).room == ROOM
    bench.clock.advance(1)
    assert await bench.is_refused(token, local=True)


@pytest.mark.parametrize("end", ["revoke", "rotate"])
async def test_a_room_token_dies_with_its_key(bench: AccessBench, end: str) -> None:
    token = bench.access.room_token(RECORD, ROOM, Role.PLAYER, DAY_S)
    await getattr(bench.access, end)(RECORD.id)
    assert await bench.is_refused(token)


async def test_a_room_token_expires_with_its_key(bench: AccessBench) -> None:
    bench.store.records[RECORD.id] = replace(RECORD, expires_at=NOW_S + 60)
    token = bench.access.room_token(RECORD, ROOM, Role.PLAYER, DAY_S)
    bench.clock.advance(60)
    assert await bench.is_refused(token)
    assert bench.store.records[RECORD.id].state(bench.clock()) is KeyState.EXPIRED


async def test_a_room_token_of_another_key_or_of_none_is_refused(bench: AccessBench) -> None:
    grant = RoomGrant(ROOM, Role.CONSOLE, NOW_S + DAY_S)
    forged = replace(a_record(1), id=RECORD.id)
    for record in (forged, a_record(1), replace(RECORD, token_secret="0" * 43, id=a_key(2).id)):
        assert await bench.is_refused(sign(record, grant, now_s=NOW_S))


@pytest.mark.parametrize("room", ["", "a b", "房间", "a" * 65, "a/b", "a\n"])
def test_a_token_for_no_room_is_not_made(bench: AccessBench, room: str) -> None:
    with pytest.raises(InvalidRequestError):
        bench.access.room_token(RECORD, room, Role.PLAYER, DAY_S)


@pytest.mark.parametrize("ttl_s", [0, -1, 10**12])
def test_a_token_for_no_time_or_for_ever_is_not_made(bench: AccessBench, ttl_s: int) -> None:
    with pytest.raises(DanmuTTSError):
        bench.access.room_token(RECORD, ROOM, Role.PLAYER, ttl_s)


async def test_a_grant_lasts_as_long_as_its_key(bench: AccessBench) -> None:
    grant = await bench.access.admit(str(KEY), local=False)
    assert await bench.access.principal_of(grant) == RECORD.principal
    await bench.access.revoke(RECORD.id)
    with pytest.raises(UnauthorizedError):
        await bench.access.principal_of(grant)


async def test_a_grant_ends_when_its_key_is_rotated(bench: AccessBench) -> None:
    token = bench.access.room_token(RECORD, ROOM, Role.PLAYER, DAY_S)
    grants = [await bench.access.admit(each, local=False) for each in (str(KEY), token)]
    await bench.access.rotate(RECORD.id)
    for grant in grants:
        with pytest.raises(UnauthorizedError):
            await bench.access.principal_of(grant)


async def test_a_room_tokens_grant_ends_with_the_token(bench: AccessBench) -> None:
    grant = await bench.access.admit(bench.access.room_token(RECORD, ROOM, Role.PLAYER, DAY_S), local=False)
    assert await bench.access.principal_of(grant) == RECORD.token_holder(ROOM, Role.PLAYER)
    bench.clock.advance(DAY_S)
    with pytest.raises(UnauthorizedError):
        await bench.access.principal_of(grant)


@pytest.mark.parametrize("grant", [Grant("nobody"), Grant("a" * 12, "0" * 16), Grant(RECORD.id, "")])
async def test_a_grant_that_was_made_up_is_refused(bench: AccessBench, grant: Grant) -> None:
    with pytest.raises(UnauthorizedError):
        await bench.access.principal_of(grant)


async def test_a_caller_without_a_key_is_nobody_once_everybody_needs_one() -> None:
    free, strict = access_bench(keyless=Keyless.LOCAL), access_bench(keyless=Keyless.NOBODY)
    grant = await free.access.admit(None, local=True)
    assert await free.access.principal_of(grant) is ANONYMOUS
    with pytest.raises(UnauthorizedError):
        await strict.access.principal_of(grant)
