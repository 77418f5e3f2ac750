"""Why a model could not be fetched.

FetchError
├── UnknownModelError          no model of that name in the manifest
├── LicenceNotAcceptedError    the licence has to be accepted first
├── NotEnoughSpaceError        the disk cannot hold the files
├── DownloadError              the server could not be reached, or refused
└── VerificationError          the bytes are not the ones that the publisher lists
"""

from collections.abc import Sequence
from difflib import get_close_matches


class FetchError(Exception):
    """Anything that keeps a model from being fetched. The text is meant for the person at the terminal."""


class UnknownModelError(FetchError):
    """The manifest has no model of this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """`known` are the names that the manifest has."""
        close = get_close_matches(name, known)
        hint = f"did you mean {' or '.join(close)}?" if close else f"known models: {', '.join(known)}"
        super().__init__(f"no model is called {name!r}; {hint}")


class LicenceNotAcceptedError(FetchError):
    """The model may only be fetched by someone who has accepted its licence."""

    def __init__(self, name: str, licence: str, licence_url: str) -> None:
        """`name` is the model's; the licence is shown as the manifest words it."""
        super().__init__(
            f"{name} is licensed under {licence}. Read {licence_url}, "
            "and if you accept the licence, say so with --accept-licence."
        )


class NotEnoughSpaceError(FetchError):
    """The disk has less free space than the files still need."""


class DownloadError(FetchError):
    """The server could not be reached, or did not give the file."""

    def __init__(self, message: str, *, retryable: bool = False, retry_after_s: float | None = None) -> None:
        """`retryable`: the same request may succeed later; `retry_after_s`: after so many seconds, says the server."""
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class VerificationError(FetchError):
    """Size or digest differ from the manifest. Nothing was installed."""
