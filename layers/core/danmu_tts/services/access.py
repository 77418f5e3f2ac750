"""Who is asking: API keys and room tokens, made, looked at and withdrawn."""

import hmac
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from danmu_tts.domain.access import (
    ANONYMOUS,
    ID_BYTES,
    KEY_PREFIX,
    SECRET_BYTES,
    Grant,
    Keyless,
    KeyRecord,
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
from danmu_tts.domain.errors import InvalidRequestError, NotFoundError, UnauthorizedError
from danmu_tts.ports import KeyStore
from danmu_tts.services.room_tokens import RoomGrant, looks_like_token, sign, signer_of, verify

# Longer than any key or token, and short enough to look at.
_MOST_CHARS = 2048
_MOST_NAME_CHARS = 64
_MOST = 10**15
_MOST_TTL_S = 100 * 366 * 24 * 3600
# What is compared and verified with where there is no record; nothing passes for good without one.
_NOBODYS_HASH = hash_secret("").hex()
_NOBODYS_TOKEN_SECRET = "0" * 43
_NO_CREDENTIAL = "This needs an API key: send it as `Authorization: Bearer danmu_…`. `danmu-tts keys create` makes one."
_NOT_GOOD = "This API key or room token is not good. `danmu-tts keys list` shows the keys; `keys create` makes one."


@dataclass(frozen=True, slots=True)
class Allowance:
    """A key's limits and budgets; see ``domain.access.Principal``."""

    requests_per_minute: int | None = None
    characters_per_minute: int | None = None
    monthly_characters: int | None = None
    monthly_usd: float | None = None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key, and the only moment in which its text is known."""

    record: KeyRecord
    text: KeyText


@dataclass(frozen=True, slots=True)
class _Known:
    """A credential that is good. ``room`` is what it grants if it is a room token."""

    record: KeyRecord
    room: RoomGrant | None = None


class Access:
    """Knows callers by their credentials. One instance a process."""

    def __init__(
        self,
        keys: KeyStore,
        keyless: Keyless,
        clock: Callable[[], float] = time.time,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        equal: Callable[[bytes, bytes], bool] = hmac.compare_digest,
    ) -> None:
        """``clock`` gives Unix seconds; ``equal`` takes as long wherever two digests differ."""
        self._keys = keys
        self._keyless = keyless
        self._clock = clock
        self._random_bytes = random_bytes
        self._equal = equal

    async def identify(self, credential: str | None, *, local: bool) -> Principal:
        """Tell who shows an API key, a room token or nothing.

        A credential that is not good is refused, also where none is needed. But OpenAI's clients cannot send none,
        so where none is needed, what is neither written as a key nor shaped as a token counts as none.

        Args:
            credential: as sent; anything may have been.
            local: whether the caller is on this machine.

        Raises:
            UnauthorizedError: there is none, or it is not good.
            StoreAwayError: nothing is known of the key, and the store is away.
        """
        known = await self._know(credential, local=local)
        if known is None:
            return ANONYMOUS
        return known.record.token_holder(known.room.room, known.room.role) if known.room else known.record.principal

    async def admit(self, credential: str | None, *, local: bool) -> Grant:
        """Let a connection in, by what a request would be identified by; raises the same."""
        known = await self._know(credential, local=local)
        if known is None:
            return Grant()
        room = known.room
        if room is None:
            return Grant(known.record.id, known.record.proof)
        return Grant(known.record.id, known.record.proof, room.room, room.role, room.expires_at)

    async def principal_of(self, grant: Grant) -> Principal:
        """Who a connection speaks for now. Raises UnauthorizedError where it would be let in no longer."""
        if grant.key_id is None:
            if self._keyless is Keyless.NOBODY:
                raise UnauthorizedError(_NO_CREDENTIAL)
            return ANONYMOUS
        record = await self._keys.get(grant.key_id)
        over = grant.expires_at is not None and self._clock() >= grant.expires_at
        if record is None or record.proof != grant.proof or over:
            raise UnauthorizedError(_NOT_GOOD)
        record = self._good(record)
        if grant.room is None or grant.role is None:
            return record.principal
        return record.token_holder(grant.room, grant.role)

    async def _know(self, credential: str | None, *, local: bool) -> _Known | None:
        """The key behind a credential; None for whoever needs none."""
        free = self._keyless is Keyless.EVERYBODY or (self._keyless is Keyless.LOCAL and local)
        if credential is not None and len(credential) > _MOST_CHARS:
            raise UnauthorizedError(_NOT_GOOD)
        if credential is not None and looks_like_token(credential):
            return await self._by_token(credential)
        if credential is not None and (credential.startswith(KEY_PREFIX) or not free):
            return await self._by_key(credential)
        if free:
            return None
        raise UnauthorizedError(_NO_CREDENTIAL)

    async def create(
        self, name: str, scopes: Iterable[Scope], allowance: Allowance = Allowance(), *, ttl_s: int | None = None
    ) -> IssuedKey:
        """Make a key. Raises InvalidRequestError and StoreAwayError."""
        granted = frozenset(scopes)
        _check(name, granted, allowance, ttl_s)
        now_s = int(self._clock())
        text = KeyText(id_of(self._random_bytes(ID_BYTES)), self._new_secret())
        record = KeyRecord(
            id=text.id,
            name=name,
            secret_sha256=hash_secret(text.secret).hex(),
            token_secret=self._new_secret(),
            scopes=granted,
            requests_per_minute=allowance.requests_per_minute,
            characters_per_minute=allowance.characters_per_minute,
            monthly_characters=allowance.monthly_characters,
            monthly_usd=allowance.monthly_usd,
            created_at=now_s,
            expires_at=None if ttl_s is None else now_s + ttl_s,
        )
        await self._keys.put(record)
        return IssuedKey(record, text)

    async def list(self) -> Sequence[KeyRecord]:
        """All keys, oldest first. Raises StoreAwayError."""
        return sorted(await self._keys.list(), key=lambda record: (record.created_at, record.id))

    async def find(self, key_id: str) -> KeyRecord:
        """One key by its id, or by its whole text. Raises NotFoundError and StoreAwayError."""
        whole = parse_key(key_id)
        record = await self._keys.get(whole.id if whole else key_id)
        if record is None:
            shown = f"No API key has the id {key_id}" if is_key_id(key_id) else "That is no API key's id"
            raise NotFoundError(f"{shown}; `danmu-tts keys list` shows them.", param="id")
        return record

    async def revoke(self, key_id: str) -> KeyRecord:
        """Let a key and its room tokens be good no longer; it stays in the list. Raises as ``find`` does."""
        record = await self.find(key_id)
        if record.revoked_at is None:
            record = replace(record, revoked_at=int(self._clock()))
            await self._keys.put(record)
        return record

    async def rotate(self, key_id: str) -> IssuedKey:
        """Give a key another secret; the old one and the key's room tokens are good no longer.

        Raises InvalidRequestError for a key that is no longer good, else as ``find`` does.
        """
        record = self._active(await self.find(key_id))
        text = KeyText(record.id, self._new_secret())
        renewed = replace(record, secret_sha256=hash_secret(text.secret).hex(), token_secret=self._new_secret())
        await self._keys.put(renewed)
        return IssuedKey(renewed, text)

    def room_token(self, record: KeyRecord, room: str, role: Role, ttl_s: int) -> str:
        """Make a token for one room, under the key's limits. Raises InvalidRequestError."""
        if not is_room_id(room):
            raise InvalidRequestError("A room is 1 to 64 letters, digits, - and _.", param="room")
        if not 0 < ttl_s <= _MOST_TTL_S:
            raise InvalidRequestError("A token is good for a second at least and a century at most.", param="ttl_s")
        now_s = int(self._clock())
        return sign(self._active(record), RoomGrant(room, role, now_s + ttl_s), now_s=now_s)

    async def _by_key(self, credential: str) -> _Known:
        """What is unknown, or no key at all, is compared too: time tells nobody which ids there are."""
        key = parse_key(credential)
        record = await self._keys.get(key.id) if key else None
        kept = bytes.fromhex(record.secret_sha256 if record else _NOBODYS_HASH)
        genuine = self._equal(kept, hash_secret(key.secret if key else credential))
        if record is None or not genuine:
            raise UnauthorizedError(_NOT_GOOD)
        return _Known(self._good(record))

    async def _by_token(self, token: str) -> _Known:
        key_id = signer_of(token)
        record = await self._keys.get(key_id) if key_id else None
        grant = verify(token, record.token_secret if record else _NOBODYS_TOKEN_SECRET, self._clock)
        if record is None or grant is None:
            raise UnauthorizedError(_NOT_GOOD)
        return _Known(self._good(record), grant)

    def _good(self, record: KeyRecord) -> KeyRecord:
        """Only who has shown the secret learns that it was good once."""
        state = record.state(self._clock())
        if state is not KeyState.ACTIVE:
            raise UnauthorizedError(f"API key {record.id} is {state}.")
        return record

    def _active(self, record: KeyRecord) -> KeyRecord:
        state = record.state(self._clock())
        if state is not KeyState.ACTIVE:
            raise InvalidRequestError(f"API key {record.id} is {state}; `danmu-tts keys create` makes one.", param="id")
        return record

    def _new_secret(self) -> str:
        return secret_of(self._random_bytes(SECRET_BYTES))


def _check(name: str, scopes: frozenset[Scope], allowance: Allowance, ttl_s: int | None) -> None:
    if not (name.isprintable() and 0 < len(name) <= _MOST_NAME_CHARS):
        raise InvalidRequestError(f"A key's name has 1 to {_MOST_NAME_CHARS} characters that show.", param="name")
    if not scopes:
        raise InvalidRequestError("A key needs a scope.", param="scopes")
    if ttl_s is not None and not 0 < ttl_s <= _MOST_TTL_S:
        raise InvalidRequestError("A key is good for a second at least and a century at most.", param="ttl_s")
    for field in Allowance.__dataclass_fields__:
        limit = getattr(allowance, field)
        if limit is not None and not 0 <= limit < _MOST:
            raise InvalidRequestError(f"{field} must be from 0 to {_MOST:.0e}.", param=field)
