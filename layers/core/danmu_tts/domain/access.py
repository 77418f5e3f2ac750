"""Who may do what: scopes, API keys and the rights of a request, as values.

An API key reads ``danmu_{id}_{secret}``. The id is public and names the record; of the secret only a hash is kept.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from enum import StrEnum

from danmu_tts.domain.errors import ForbiddenError

KEY_PREFIX = "danmu_"
ID_BYTES = 8
SECRET_BYTES = 32

_ID_CHARS = 12
_PROOF_CHARS = 16
_SECRET_CHARS = 43  # as many base62 digits as 256 bits need
# Letters, digits and underscores are one word to a double click, and no underscore but the separators is in a key.
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID = re.compile(rf"[a-z2-7]{{{_ID_CHARS}}}")
_KEY = re.compile(rf"{KEY_PREFIX}({_ID.pattern})_([0-9A-Za-z]{{{_SECRET_CHARS}}})")
_ROOM = re.compile(r"[a-zA-Z0-9\-_]{1,64}")


class Scope(StrEnum):
    """What a key is for."""

    SPEAK = "speak"
    DANMU = "danmu"
    LISTEN = "listen"
    ADMIN = "admin"
    """Everything, the operator's pages included."""


class Role(StrEnum):
    """What the holder of a room token is to the room. All of them listen."""

    PLAYER = "player"
    MONITOR = "monitor"
    CONSOLE = "console"
    """Steers the room too: skip, clear, pause, resume, settings."""


class Keyless(StrEnum):
    """Who needs no credential."""

    NOBODY = "nobody"
    LOCAL = "local"
    """Callers on the machine that serves."""
    EVERYBODY = "everybody"


class KeyState(StrEnum):
    """Whether a key is good."""

    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, and what they may do and spend.

    Attributes:
        key_id: the key that was shown, or that signed the room token; None for an anonymous caller.
        scopes: what the caller may do.
        room: the one room of a room token; None for a key, which may act on any.
        role: what a room token makes of its holder; None for a key.
        requests_per_minute: None for as many as there are.
        characters_per_minute: None for as many as there are.
        monthly_characters: characters of paid voices in a calendar month; None for as many as there are.
        monthly_usd: what paid voices may cost in a calendar month, US dollars; None for whatever they cost.
    """

    key_id: str | None
    scopes: frozenset[Scope]
    room: str | None = None
    role: Role | None = None
    requests_per_minute: int | None = None
    characters_per_minute: int | None = None
    monthly_characters: int | None = None
    monthly_usd: float | None = None

    def require(self, scope: Scope, room: str | None = None) -> None:
        """Raise ForbiddenError unless this caller may do it, in that room where one is concerned.

        The holder of a room token may do nothing that is not about its own room.
        """
        self._require_room(room)
        if scope not in self.scopes and Scope.ADMIN not in self.scopes:
            held = ", ".join(sorted(self.scopes)) or "none"
            raise ForbiddenError(f"This needs scope {scope}; the credential has {held}.")

    def require_control(self, room: str) -> None:
        """Raise ForbiddenError unless this caller may steer the room: a console, or a key that feeds rooms."""
        if self.role is None:
            self.require(Scope.DANMU, room)
            return
        self._require_room(room)
        if self.role is not Role.CONSOLE:
            raise ForbiddenError(f"A {self.role} cannot steer the room; a token of role {Role.CONSOLE} can.")

    def _require_room(self, room: str | None) -> None:
        if self.room is not None and room != self.room:
            raise ForbiddenError("This room token is for another room, and for nothing but its room.")


ANONYMOUS = Principal(key_id=None, scopes=frozenset(Scope))
"""Whoever needs no key: a caller on this machine, unless the settings say otherwise."""


@dataclass(frozen=True, slots=True)
class Grant:
    """By what a connection was let in: enough to look at it again with each message, not enough to be let in by.

    Attributes:
        key_id: the key that was shown or signed the room token; None for a caller who needs none.
        proof: of which secret of that key it was; a rotated key has another.
        room: the one room of a room token.
        role: of a room token.
        expires_at: the first Unix second in which the room token is no longer good.
    """

    key_id: str | None = None
    proof: str = ""
    room: str | None = None
    role: Role | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is kept of an API key. Times are Unix seconds.

    Attributes:
        id: 12 characters of lower-case base32.
        name: for people.
        secret_sha256: SHA-256 of the secret, 64 hexadecimal digits.
        token_secret: what the key's room tokens are signed with.
        scopes: what its holder may do.
        requests_per_minute: see ``Principal``, as for the next three.
        expires_at: the first second in which it is no longer good; None for never.
        revoked_at: None while it is not.
    """

    id: str
    name: str
    secret_sha256: str
    token_secret: str
    scopes: frozenset[Scope]
    requests_per_minute: int | None
    characters_per_minute: int | None
    monthly_characters: int | None
    monthly_usd: float | None
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None

    def state(self, now_s: float) -> KeyState:
        """Whether it is good at a time."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.expires_at is not None and now_s >= self.expires_at:
            return KeyState.EXPIRED
        return KeyState.ACTIVE

    @property
    def principal(self) -> Principal:
        """Who shows this key."""
        return Principal(
            key_id=self.id,
            scopes=self.scopes,
            requests_per_minute=self.requests_per_minute,
            characters_per_minute=self.characters_per_minute,
            monthly_characters=self.monthly_characters,
            monthly_usd=self.monthly_usd,
        )

    @property
    def proof(self) -> str:
        """Tells this secret from the one after a rotation, and nothing else of it."""
        return hashlib.sha256(f"{self.secret_sha256}/{self.token_secret}".encode()).hexdigest()[:_PROOF_CHARS]

    def token_holder(self, room: str, role: Role) -> Principal:
        """Who shows a room token of this key: bound to the room, under the key's limits, with none of its scopes."""
        return replace(self.principal, scopes=frozenset({Scope.LISTEN}), room=room, role=role)


@dataclass(frozen=True, slots=True)
class KeyText:
    """An API key taken apart."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"{KEY_PREFIX}{self.id}_{self.secret}"


def parse_key(text: str) -> KeyText | None:
    """Take an API key apart; None for whatever is not written exactly as one."""
    match = _KEY.fullmatch(text)
    return KeyText(match[1], match[2]) if match else None


def is_key_id(text: str) -> bool:
    """Whether a key may be called that; such an id is also safe as a file's name."""
    return _ID.fullmatch(text) is not None


def is_room_id(text: str) -> bool:
    """Whether a room may be called that."""
    return _ROOM.fullmatch(text) is not None


def id_of(random_bytes: bytes) -> str:
    """A key's id of ``ID_BYTES`` random bytes, of which it takes 60 bits."""
    return base64.b32encode(random_bytes).decode("ascii")[:_ID_CHARS].lower()


def secret_of(random_bytes: bytes) -> str:
    """The ``SECRET_BYTES`` random bytes as 43 digits of base62, which keep all 256 bits."""
    number, digits = int.from_bytes(random_bytes), []
    for _ in range(_SECRET_CHARS):
        number, digit = divmod(number, len(_BASE62))
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))


def hash_secret(secret: str) -> bytes:
    """What is kept of a secret.

    A slow, salted hash protects a password, which can be guessed. Nobody guesses 256 random bits, so it would protect
    nothing here and cost every request 100 ms.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
