import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.domain.access import (
    ANONYMOUS,
    ID_BYTES,
    SECRET_BYTES,
    KeyState,
    KeyText,
    Principal,
    Role,
    Scope,
    hash_secret,
    id_of,
    is_key_id,
    is_room_id,
    parse_key,
    secret_of,
)
from danmu_tts.domain.errors import ForbiddenError
from tests.builders.access import a_record

ID = "abcdefghij27"
SECRET = "A" * 20 + "z" * 23
KEY = f"danmu_{ID}_{SECRET}"


def allowed(principal: Principal, scope: Scope, room: str | None = None) -> bool:
    try:
        principal.require(scope, room)
    except ForbiddenError:
        return False
    return True


def may_control(principal: Principal, room: str) -> bool:
    try:
        principal.require_control(room)
    except ForbiddenError:
        return False
    return True


@pytest.mark.parametrize("scope", Scope)
def test_a_key_may_do_what_its_scopes_say_in_any_room_and_nothing_else(scope: Scope) -> None:
    principal = a_record(scopes={Scope.SPEAK}).principal
    assert allowed(principal, scope) is (scope is Scope.SPEAK)
    assert allowed(principal, scope, "room-1") is (scope is Scope.SPEAK)


@pytest.mark.parametrize("scope", Scope)
def test_an_admin_and_an_anonymous_caller_may_do_everything(scope: Scope) -> None:
    for principal in (a_record(scopes={Scope.ADMIN}).principal, ANONYMOUS):
        assert allowed(principal, scope)
        assert may_control(principal, "room-1")


def test_what_is_missing_is_said() -> None:
    with pytest.raises(ForbiddenError, match="needs scope admin; the credential has danmu, speak"):
        a_record(scopes={Scope.SPEAK, Scope.DANMU}).principal.require(Scope.ADMIN)


@pytest.mark.parametrize("role", Role)
def test_a_room_tokens_holder_listens_to_its_room_and_does_nothing_else(role: Role) -> None:
    holder = a_record(scopes={Scope.ADMIN}).token_holder("room-1", role)
    may = {(scope, room) for scope in Scope for room in ("room-1", "room-2", None) if allowed(holder, scope, room)}
    assert may == {(Scope.LISTEN, "room-1")}


@pytest.mark.parametrize("role", Role)
def test_only_a_console_steers_and_only_its_room(role: Role) -> None:
    holder = a_record().token_holder("room-1", role)
    assert may_control(holder, "room-1") is (role is Role.CONSOLE)
    assert not may_control(holder, "room-2")


def test_a_key_that_feeds_rooms_steers_them() -> None:
    assert may_control(a_record(scopes={Scope.DANMU}).principal, "room-1")
    assert not may_control(a_record(scopes={Scope.SPEAK, Scope.LISTEN}).principal, "room-1")


def test_a_keys_limits_are_those_of_whoever_shows_it_or_its_token() -> None:
    record = replace(
        a_record(), requests_per_minute=60, characters_per_minute=6000, monthly_characters=10**6, monthly_usd=1.5
    )
    for principal in (record.principal, record.token_holder("room-1", Role.PLAYER)):
        assert principal.key_id == record.id
        assert (principal.requests_per_minute, principal.characters_per_minute) == (60, 6000)
        assert (principal.monthly_characters, principal.monthly_usd) == (10**6, 1.5)


@pytest.mark.parametrize(
    ("now_s", "state"),
    [(0, KeyState.ACTIVE), (99.9, KeyState.ACTIVE), (100, KeyState.EXPIRED), (1e12, KeyState.EXPIRED)],
)
def test_a_key_is_good_until_the_second_in_which_it_expires(now_s: float, state: KeyState) -> None:
    assert replace(a_record(), expires_at=100).state(now_s) is state


def test_a_key_without_an_end_is_good_for_ever_and_a_revoked_one_never() -> None:
    assert a_record().state(1e12) is KeyState.ACTIVE
    assert replace(a_record(), revoked_at=50, expires_at=100).state(0) is KeyState.REVOKED


def test_a_key_is_taken_apart() -> None:
    assert parse_key(KEY) == KeyText(ID, SECRET)
    assert str(KeyText(ID, SECRET)) == KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "danmu_",
        "danmu__",
        KEY[:-1],
        KEY + "A",
        KEY + "\n",
        " " + KEY,
        KEY.upper(),
        KEY.replace("danmu", "Danmu"),
        KEY.replace("_", "-"),
        KEY.replace(ID, ID[:-1]),
        KEY.replace(ID, ID[:-1] + "1"),
        KEY.replace(ID, ID[:-1] + "A"),
        KEY.replace("z", "_"),
        KEY[:-1] + "é",
        KEY[:-1] + "４",
        KEY[:-1] + "\0",
        "弹幕_" * 1000,
        "danmu_" + "a" * 1_000_000,
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_is_not_written_exactly_as_a_key_is_none(text: str) -> None:
    assert parse_key(text) is None


@given(st.binary(min_size=ID_BYTES, max_size=ID_BYTES), st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES))
def test_random_bytes_make_a_key_that_can_be_taken_apart_and_is_one_word(id_bytes: bytes, secret: bytes) -> None:
    made = KeyText(id_of(id_bytes), secret_of(secret))
    assert parse_key(str(made)) == made
    assert re.fullmatch(r"\w+", str(made), re.ASCII)


@given(
    st.lists(st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES), min_size=2, max_size=2, unique=True),
)
def test_no_bit_of_a_secret_is_lost(secrets: list[bytes]) -> None:
    assert secret_of(secrets[0]) != secret_of(secrets[1])


def test_a_secrets_hash_is_32_bytes_whatever_it_is() -> None:
    texts = ("", SECRET, "弹幕", "\0", "\ud800", "x" * 1_000_000)
    assert {len(hash_secret(text)) for text in texts} == {32}
    assert len({hash_secret(text) for text in texts}) == len(texts)


@pytest.mark.parametrize("text", ["", "../../../../x", "ABCDEFGHIJ27", ID + "\n", ID + "2", "abcdefghij/7"])
def test_an_id_can_be_nothing_but_a_plain_name(text: str) -> None:
    assert is_key_id(ID)
    assert not is_key_id(text)


@pytest.mark.parametrize("text", ["", "a" * 65, "a b", "房间", "a\n", "a/b", "a:b", "{a}"])
def test_a_room_id_is_letters_digits_dashes_and_underscores(text: str) -> None:
    assert is_room_id("Room-1_x")
    assert is_room_id("a" * 64)
    assert not is_room_id(text)
