import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import CredentialResolver, Credentials, RefreshableCredentials
from botocore.exceptions import NoCredentialsError
from botocore.session import Session

from danmu_tts.adapters.aws.credentials import CredentialSource
from danmu_tts.adapters.aws.presign import SigningCredentials
from tests.builders.clock import FakeClock

START = datetime(2030, 1, 1, tzinfo=UTC)
HOUR_S = 3600


def a_source(
    credentials: Credentials | None, clock: Callable[[], float] = time.time
) -> tuple[CredentialSource, list[Session]]:
    """A source over a real session that finds these credentials, and how often it was asked for its session."""
    sessions: list[Session] = []

    def session() -> Session:
        sessions.append(Session())
        if credentials:
            sessions[-1]._credentials = credentials
        else:
            sessions[-1].register_component("credential_provider", CredentialResolver([]))
        return sessions[-1]

    return CredentialSource(session, clock), sessions


def refreshed(clock: FakeClock, refreshes: list[float], lifetime_s: float = HOUR_S) -> Any:
    """As a container's or an instance's: they live for a while."""

    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    def fetch() -> dict[str, str]:
        refreshes.append(clock())
        end = now() + timedelta(seconds=lifetime_s)
        return {
            "access_key": f"AKID{len(refreshes)}",
            "secret_key": "secret",
            "token": "token",
            "expiry_time": end.isoformat(),
        }

    return RefreshableCredentials("", "", "", now(), fetch, "test", time_fetcher=now)


def test_nothing_is_asked_before_the_first_fetch() -> None:
    source, sessions = a_source(Credentials("AKID", "secret"))
    assert source.current is None
    assert source.is_due
    assert sessions == []


def test_credentials_without_an_end_are_kept() -> None:
    clock = FakeClock()
    source, sessions = a_source(Credentials("AKID", "secret", "token"), clock)
    source.fetch()
    assert source.current == SigningCredentials("AKID", "secret", "token", None)
    clock.advance(365 * 24 * HOUR_S)
    assert not source.is_due
    source.fetch()
    assert len(sessions) == 1


def test_credentials_with_an_end_are_kept_until_shortly_before_it() -> None:
    clock = FakeClock(START.timestamp())
    refreshes: list[float] = []
    source, _ = a_source(refreshed(clock, refreshes), clock)
    source.fetch()
    assert source.current == SigningCredentials("AKID1", "secret", "token", START.timestamp() + HOUR_S)
    clock.advance(HOUR_S - 901)
    assert not source.is_due
    clock.advance(2)
    assert source.is_due
    source.fetch()
    assert not source.is_due
    assert source.current == SigningCredentials("AKID2", "secret", "token", clock() + HOUR_S)
    assert len(refreshes) == 2


def test_short_lived_credentials_are_current_though_always_due() -> None:
    clock = FakeClock(START.timestamp())
    source, _ = a_source(refreshed(clock, [], lifetime_s=600), clock)
    source.fetch()
    assert source.is_due
    assert source.current is not None
    assert source.current.expires_at == clock() + 600


def test_threads_that_ask_together_fetch_once() -> None:
    source, sessions = a_source(Credentials("AKID", "secret"))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: source.fetch(), range(32)))
    assert len(sessions) == 1


def test_having_none_is_an_error() -> None:
    source, _ = a_source(None)
    with pytest.raises(NoCredentialsError):
        source.fetch()
    assert source.current is None
