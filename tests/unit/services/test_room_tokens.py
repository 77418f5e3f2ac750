import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.domain.access import Role
from danmu_tts.services.room_tokens import RoomGrant, looks_like_token, sign, signer_of, verify
from tests.builders.access import NOW_S, a_record
from tests.builders.clock import FakeClock

RECORD = a_record()
SECRET = RECORD.token_secret
GRANT = RoomGrant("room-1", Role.PLAYER, NOW_S + 60)
TOKEN = sign(RECORD, GRANT, now_s=NOW_S)
CLAIMS = {"room": "room-1", "role": "player", "iat": NOW_S, "exp": NOW_S + 60}
CLOCK = FakeClock(NOW_S)
ROOT = Path(__file__).parents[3]


def part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_of(header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token that is signed as it should be, with other claims or headers; ``...`` leaves a claim out."""
    kept = {name: value for name, value in (CLAIMS | claims).items() if value is not ...}
    return jwt.encode(kept, SECRET, "HS256", {"kid": RECORD.id} | (header or {}))


def test_a_token_grants_what_it_was_signed_for() -> None:
    assert looks_like_token(TOKEN)
    assert signer_of(TOKEN) == RECORD.id
    assert verify(TOKEN, SECRET, CLOCK) == GRANT
    assert verify(token_of(), SECRET, CLOCK) == GRANT


def test_a_token_is_a_jwt_with_these_claims_and_its_keys_id() -> None:
    assert jwt.decode(TOKEN, SECRET, ["HS256"], {"verify_exp": False}) == CLAIMS
    assert jwt.get_unverified_header(TOKEN) == {"alg": "HS256", "typ": "JWT", "kid": RECORD.id}


@pytest.mark.parametrize(("after_s", "good"), [(-3600, True), (0, True), (59.9, True), (60, False), (1e9, False)])
def test_the_given_clock_ends_it_to_the_second(after_s: float, good: bool) -> None:
    assert (verify(TOKEN, SECRET, FakeClock(NOW_S + after_s)) is not None) is good


@pytest.mark.parametrize("index", range(3))
def test_a_token_that_was_changed_grants_nothing(index: int) -> None:
    parts = TOKEN.split(".")
    parts[index] = ("A" if parts[index][0] != "A" else "B") + parts[index][1:]
    assert verify(".".join(parts), SECRET, CLOCK) is None


def test_another_rooms_claims_under_this_tokens_signature_grant_nothing() -> None:
    header, _, signature = TOKEN.split(".")
    assert verify(f"{header}.{part(CLAIMS | {'room': 'room-2'})}.{signature}", SECRET, CLOCK) is None


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS384", "HS512", "RS256", "", "HS256 "])
@pytest.mark.parametrize("signature", ["", TOKEN.split(".")[2]])
def test_no_other_algorithm_is_taken(algorithm: str, signature: str) -> None:
    header = part({"alg": algorithm, "typ": "JWT", "kid": RECORD.id})
    assert verify(f"{header}.{part(CLAIMS)}.{signature}", SECRET, CLOCK) is None


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_good_signature_of_another_algorithm_is_not_taken(algorithm: str) -> None:
    assert verify(jwt.encode(CLAIMS, SECRET.ljust(64), algorithm), SECRET.ljust(64), CLOCK) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": ...},
        {"exp": None},
        {"exp": True},
        {"exp": float(NOW_S + 60)},
        {"exp": str(NOW_S + 60)},
        {"exp": [NOW_S + 60]},
        {"iat": ...},
        {"room": ...},
        {"room": ""},
        {"room": "*"},
        {"room": 1},
        {"room": ["room-1"]},
        {"room": "room-1\n"},
        {"role": ...},
        {"role": "admin"},
        {"role": ["player"]},
        {"role": None},
    ],
    ids=str,
)
def test_claims_that_say_less_or_something_else_grant_nothing(claims: dict[str, Any]) -> None:
    assert verify(token_of(**claims), SECRET, CLOCK) is None


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"kid": None},
        {"kid": 1},
        {"kid": ""},
        {"kid": "../secret"},
        {"kid": [RECORD.id]},
        {"kid": RECORD.id + "\n"},
        b"[" * 500,
        b"null",
        b"[]",
        b'"kid"',
        b"{",
        b"\xff",
    ],
    ids=repr,
)
def test_a_header_without_a_keys_id_has_no_signer(header: Any) -> None:
    full = header if isinstance(header, bytes) else {"alg": "HS256"} | header
    assert signer_of(f"{part(full)}.{part(CLAIMS)}.AAAA") is None


@pytest.mark.parametrize("opening", [b"[", b'{"kid":'])
def test_a_header_too_deep_to_read_is_no_worse_than_wrong(opening: bytes) -> None:
    token = f"{part(opening * 2000)}.{part(CLAIMS)}.AAAA"
    assert signer_of(token) is None
    assert verify(token, SECRET, CLOCK) is None


@given(st.text(st.characters(codec="ascii"), max_size=200) | st.from_regex(r"\A[\w-]+\.[\w-]+\.[\w-]*\Z"))
def test_whatever_is_sent_is_no_worse_than_wrong(text: str) -> None:
    if looks_like_token(text):
        signer_of(text)
        assert verify(text, SECRET, CLOCK) is None


@given(st.binary(max_size=120), st.binary(max_size=120))
def test_whatever_the_parts_say_is_no_worse_than_wrong(header: bytes, payload: bytes) -> None:
    token = f"{part(header)}.{part(payload)}."
    signer_of(token)
    assert verify(token, SECRET, CLOCK) is None


def test_the_library_is_loaded_by_the_first_token() -> None:
    code = "import sys; import danmu_tts.services.access; print('jwt' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "layers" / "core")}
    done = subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
