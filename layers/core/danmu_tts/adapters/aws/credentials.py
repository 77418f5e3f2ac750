"""The credentials of boto3's usual chain (environment, profile, container, instance), as signing needs them."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from danmu_tts.adapters.aws.presign import SigningCredentials

# Before the 15 minutes from which botocore itself begins to look for new ones.
_MARGIN_S = 15 * 60


class CredentialSource:
    """Keeps credentials until shortly before they expire."""

    def __init__(self, session: Callable[[], Any], clock: Callable[[], float] = time.time) -> None:
        """``session`` gives the boto3 session when it is first needed; ``clock`` gives Unix seconds."""
        self._session = session
        self._clock = clock
        self._lock = threading.Lock()
        self._current: SigningCredentials | None = None

    @property
    def current(self) -> SigningCredentials | None:
        """What was fetched last."""
        return self._current

    @property
    def is_due(self) -> bool:
        """Whether it is time to ``fetch``."""
        current = self._current
        if current is None:
            return True
        return current.expires_at is not None and self._clock() >= current.expires_at - _MARGIN_S

    def fetch(self) -> None:
        """Make them current, maybe over the network: to be called in a thread. Raises what botocore raises."""
        from botocore.exceptions import NoCredentialsError

        with self._lock:
            if not self.is_due:
                return
            found = self._session().get_credentials()
            if found is None:
                raise NoCredentialsError
            frozen = found.get_frozen_credentials()  # refreshes those that are about to expire
            # botocore tells this by no public name; what it read from the environment has none.
            end: datetime | None = getattr(found, "_expiry_time", None)
            self._current = SigningCredentials(
                frozen.access_key, frozen.secret_key, frozen.token, end.timestamp() if end else None
            )
