"""API keys, with everything that a test does not care about filled in."""

from collections.abc import Iterable

from danmu_tts.domain.access import KeyRecord, KeyText, Scope, hash_secret

NOW_S = 1_700_000_000


def a_key(number: int = 0) -> KeyText:
    """A well-formed key of its own for each number; ``a_record`` of the same number is what is kept of it."""
    digits = "abcdefghijklmnopqrstuvwxyz234567"
    return KeyText(f"{'a' * 10}{digits[number // 32]}{digits[number % 32]}", f"{number:043d}")


def a_record(number: int = 0, *, scopes: Iterable[Scope] = (Scope.SPEAK, Scope.DANMU, Scope.LISTEN)) -> KeyRecord:
    key = a_key(number)
    return KeyRecord(
        id=key.id,
        name=f"key {number}",
        secret_sha256=hash_secret(key.secret).hex(),
        token_secret=f"token secret of key {number}".ljust(43, "."),
        scopes=frozenset(scopes),
        requests_per_minute=None,
        characters_per_minute=None,
        monthly_characters=None,
        monthly_usd=None,
        created_at=NOW_S,
    )
