"""Every way in which speaking can fail.

::

    DanmuTTSError
    ├── InvalidRequestError          400 invalid_request      the caller must change something
    │   └── NothingToSayError        400 invalid_request      only spaces, punctuation or emoji
    ├── UnsupportedFormatError       400 unsupported_format
    ├── NotFoundError                404 not_found
    ├── VoiceNotFoundError           404 voice_not_found
    ├── TextTooLongError             413 text_too_long
    ├── BackendUnavailableError      503 backend_unavailable  one backend failed; another may do
    │   └── NoAudioError             503 backend_unavailable  it answered, but without audio
    ├── NoBackendsAvailableError     503 no_backend_available nothing is left to try
    └── DeadlineExceededError        504 deadline_exceeded    the speech has lost its worth

Callers decide by ``code`` and ``retryable``; nobody reads the message but a person.
"""

from typing import ClassVar


class DanmuTTSError(Exception):
    """Root of the tree.

    Attributes:
        code: stable machine-readable name, part of the wire contract.
        http_status: the status that answers it over HTTP.
        retryable: whether the same request may succeed a little later.
        param: name of the offending request field, where one field is to blame.
    """

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class InvalidRequestError(DanmuTTSError):
    """The request cannot be understood or breaks a stated limit."""

    code = "invalid_request"
    http_status = 400


class NothingToSayError(InvalidRequestError):
    """After cleaning, no letter and no digit is left to pronounce."""


class UnsupportedFormatError(DanmuTTSError):
    """The audio format is unknown, or its encoder is not installed here."""

    code = "unsupported_format"
    http_status = 400


class NotFoundError(DanmuTTSError):
    """The named thing does not exist."""

    code = "not_found"
    http_status = 404


class VoiceNotFoundError(DanmuTTSError):
    """No voice of that name, or none that speaks the language."""

    code = "voice_not_found"
    http_status = 404


class TextTooLongError(DanmuTTSError):
    """More characters than one request may hold."""

    code = "text_too_long"
    http_status = 413


class BackendUnavailableError(DanmuTTSError):
    """A backend cannot speak now: not installed, failed to load, or failed while speaking."""

    code = "backend_unavailable"
    http_status = 503
    retryable = True


class NoAudioError(BackendUnavailableError):
    """A backend finished without a single sample of audio."""


class NoBackendsAvailableError(DanmuTTSError):
    """No backend is left that could speak this."""

    code = "no_backend_available"
    http_status = 503
    retryable = True


class DeadlineExceededError(DanmuTTSError):
    """The audio was not ready in time."""

    code = "deadline_exceeded"
    http_status = 504
    retryable = True
