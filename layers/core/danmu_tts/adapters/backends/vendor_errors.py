"""What vendors answer when they do not speak, in our words."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from danmu_tts.domain.errors import (
    BackendAuthError,
    BackendBlockedError,
    BackendRateLimitedError,
    BackendRefusedError,
    BackendServerError,
    BackendUnavailableError,
)
from danmu_tts.observability import get_logger

logger = get_logger("backends")

_BY_STATUS: Mapping[int, tuple[type[BackendUnavailableError], str]] = {
    400: (BackendRefusedError, "refused the request"),
    401: (BackendAuthError, "does not accept our credentials"),
    402: (BackendBlockedError, "wants to be paid first"),
    403: (BackendBlockedError, "blocks us"),
    404: (BackendRefusedError, "does not know the address, model or voice"),
    413: (BackendRefusedError, "finds the text too long"),
    422: (BackendRefusedError, "refused the request"),
    429: (BackendRateLimitedError, "limits how often we may ask"),
}
_LOGGED_CHARS = 200
# The standard has no fraction; some servers have.
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)


def error_for_status(
    backend: str, status: int, *, detail: str = "", retry_after: str | None = None
) -> BackendUnavailableError:
    """The error that an HTTP status means.

    Args:
        detail: what the vendor said. It may name a key or repeat a viewer's words, so it is logged for debugging only.
        retry_after: the header of that name, as received.
    """
    kind, meaning = _BY_STATUS.get(status, (BackendServerError, "failed"))
    logger.debug("vendor said", extra={"backend": backend, "said": " ".join(detail.split())[:_LOGGED_CHARS]})
    return kind(f"{backend} {meaning} (status {status}).", retry_after_s=_seconds(retry_after))


def _seconds(retry_after: str | None) -> float | None:
    """Seconds, or the distance to an HTTP date (RFC 9110, section 10.2.3); None for anything else."""
    if not retry_after:
        return None
    if _SECONDS.fullmatch(retry_after.strip()):
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
