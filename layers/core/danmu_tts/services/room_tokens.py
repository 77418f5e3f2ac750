"""Room tokens: JWT (RFC 7519) signed by HMAC-SHA-256 with a secret that belongs to one API key.

The key's id is the header's ``kid``. A token dies with its key, because the key is looked up and its secret renewed
when it is rotated. PyJWT is loaded by the first token.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from danmu_tts.domain.access import KeyRecord, Role, is_key_id, is_room_id

_ALGORITHM = "HS256"
_CLAIMS = ["exp", "iat", "role", "room"]
# Three parts of base64url. The last is empty where the algorithm is "none".
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class RoomGrant:
    """What a token grants, and the first Unix second in which it does no longer."""

    room: str
    role: Role
    expires_at: int


def looks_like_token(text: str) -> bool:
    """Whether it has the shape of any JWT."""
    return _SHAPE.fullmatch(text) is not None


def sign(record: KeyRecord, grant: RoomGrant, *, now_s: int) -> str:
    """A token of a key."""
    import jwt

    claims = {"room": grant.room, "role": grant.role.value, "iat": now_s, "exp": grant.expires_at}
    return jwt.encode(claims, record.token_secret, algorithm=_ALGORITHM, headers={"kid": record.id})


def signer_of(token: str) -> str | None:
    """The key that a token claims to be signed with; None for what is no token of ours."""
    import jwt

    try:
        key_id = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        return None
    return key_id if isinstance(key_id, str) and is_key_id(key_id) else None


def verify(token: str, token_secret: str, clock: Callable[[], float]) -> RoomGrant | None:
    """What a token grants; None for one that is not signed with this secret, not whole, or over.

    PyJWT would ask the machine for the time, so ``exp`` is compared here; that it is there, PyJWT sees to.
    """
    import jwt

    try:
        claims = jwt.decode(
            token,
            token_secret,
            algorithms=[_ALGORITHM],
            options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.PyJWTError:
        return None
    expires_at, room, role = claims["exp"], claims["room"], claims["role"]
    if type(expires_at) is not int or clock() >= expires_at:
        return None
    if not isinstance(room, str) or not is_room_id(room) or role not in list(Role):
        return None
    return RoomGrant(room, Role(role), expires_at)
