"""Every way in which speaking can fail.

::

    DanmuTTSError
    ├── InvalidRequestError          400 invalid_request      the caller must change something
    │   └── NothingToSayError        400 invalid_request      only spaces, punctuation or emoji
    ├── UnsupportedFormatError       400 unsupported_format
    ├── UnauthorizedError            401 unauthorized         no credential, or one that is not good
    ├── ForbiddenError               403 forbidden            the credential is good, but not for this
    ├── RateLimitedError             429 rate_limited         the caller asks too often or for too much
    ├── NotFoundError                404 not_found
    ├── VoiceNotFoundError           404 voice_not_found
    ├── TextTooLongError             413 text_too_long
    ├── ContentBlockedError          422 content_blocked      the content filter drops the text
    ├── BackendUnavailableError      503 backend_unavailable  one backend failed; another may do
    │   ├── BackendDisabledError     disabled      switched off, or its credentials are unset
    │   ├── BudgetExhaustedError     budget        429 budget_exhausted: nobody may pay for it this month
    │   ├── BudgetUnknownError       budget_unknown  what was spent cannot be read
    │   ├── CircuitOpenError         circuit_open  it failed too often and is left alone for a while
    │   ├── BackendBusyError         busy          it serves as many as it may, and nobody was done in time
    │   ├── BackendAuthError         auth          it does not know our credentials
    │   ├── BackendBlockedError      blocked       it refuses to serve us
    │   ├── BackendRateLimitedError  rate_limited  we asked too often
    │   ├── BackendRefusedError      bad_input     it will not speak this text
    │   ├── VoiceWithdrawnError      voice_gone    it no longer has the voice
    │   ├── BackendTimeoutError      timeout       it was silent for too long
    │   ├── BackendLateError         late          it spoke well, but the text was too long for the time
    │   ├── BackendNetworkError      network       it was not reached, or hung up
    │   ├── BackendServerError       server_error  a mistake of its own
    │   ├── NoAudioError             no_audio      it finished without audio
    │   └── BadAudioError            bad_audio     it sent half of it, or something that is no audio
    ├── StoreAwayError               503 backend_unavailable  what we keep cannot be reached
    ├── NoBackendsAvailableError     503 no_backend_available nothing is left to try
    └── DeadlineExceededError        504 deadline_exceeded    the speech has lost its worth

Callers decide by ``code``, ``reason`` and the flags; nobody reads the message but a person.
"""

from typing import ClassVar

from danmu_tts.domain.blame import Blame
from danmu_tts.domain.limits import Allowance


class DanmuTTSError(Exception):
    """Root of the tree.

    Attributes:
        code: stable machine-readable name, part of the wire contract.
        http_status: the status that answers it over HTTP.
        retryable: whether the same request may succeed a little later.
        param: name of the offending request field, where one field is to blame.
        retry_after_s: seconds until trying again makes sense, where that is known.
    """

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, param: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s


class InvalidRequestError(DanmuTTSError):
    """The request cannot be understood or breaks a stated limit."""

    code = "invalid_request"
    http_status = 400


class NothingToSayError(InvalidRequestError):
    """After cleaning, no letter and no digit is left to pronounce."""


class UnsupportedFormatError(DanmuTTSError):
    """The audio format is unknown, or its encoder is not installed here."""

    code, http_status = "unsupported_format", 400


class UnauthorizedError(DanmuTTSError):
    """The caller shows no credential, or one that is unknown, wrong, revoked or expired."""

    code, http_status = "unauthorized", 401


class ForbiddenError(DanmuTTSError):
    """The caller is known, and may not do this, or not in this room."""

    code, http_status = "forbidden", 403


class RateLimitedError(DanmuTTSError):
    """The caller, or those that it is counted with, ask for more than they may; ``allowances`` is what is left."""

    code = "rate_limited"
    http_status = 429
    retryable = True
    allowances: tuple[Allowance, ...] = ()


class NotFoundError(DanmuTTSError):
    """The named thing does not exist."""

    code, http_status = "not_found", 404


class VoiceNotFoundError(DanmuTTSError):
    """No voice of that name, or none that speaks the language."""

    code, http_status = "voice_not_found", 404


class TextTooLongError(DanmuTTSError):
    """More characters than one request may hold."""

    code, http_status = "text_too_long", 413


class ContentBlockedError(DanmuTTSError):
    """The content filter drops the text. The message names the categories and no word of it."""

    code, http_status = "content_blocked", 422


class BackendUnavailableError(DanmuTTSError):
    """A backend cannot speak now: not installed, failed to load, or failed while speaking.

    Attributes:
        reason: stable machine-readable word for logs, metrics and the answer of whoever spoke instead.
        repeatable: whether the same backend may succeed if it is asked again at once.
        blame: what the failure says about the backend.
        is_common: whether whoever else asks for the same just now would meet it too.
        may_be_billed: whether the vendor had taken the text by then.
    """

    code = "backend_unavailable"
    http_status = 503
    retryable = True
    reason: ClassVar[str] = "failed"
    repeatable: ClassVar[bool] = False
    blame: ClassVar[Blame] = Blame.SOME
    is_common: bool = True
    may_be_billed: ClassVar[bool] = False


class BackendDisabledError(BackendUnavailableError):
    """It is switched off here, or lacks credentials or a package; the message says how to get it."""

    retryable = False
    reason = "disabled"
    blame = Blame.NONE


class BudgetExhaustedError(BackendUnavailableError):
    """What paid voices may cost this month is used up; a free one may still speak."""

    code = "budget_exhausted"
    http_status = 429
    reason = "budget"
    blame = Blame.NONE
    is_common = False


class BudgetUnknownError(BackendUnavailableError):
    """Paid voices are under a cap, and what they have cost cannot be known now."""

    reason = "budget_unknown"
    blame = Blame.NONE
    is_common = False


class CircuitOpenError(BackendUnavailableError):
    """It failed too often and is left alone until ``retry_after_s`` from now."""

    reason = "circuit_open"
    blame = Blame.NONE


class BackendBusyError(BackendUnavailableError):
    """As many calls as we allow ourselves are under way, and none ended in time."""

    reason = "busy"
    blame = Blame.NONE
    is_common = False


class BackendAuthError(BackendUnavailableError):
    """The vendor does not know our credentials."""

    retryable = False
    reason = "auth"
    blame = Blame.ALL


class BackendBlockedError(BackendUnavailableError):
    """The vendor knows us and refuses to serve us: a block, a quota, a region."""

    reason = "blocked"
    blame = Blame.ALL


class BackendRateLimitedError(BackendUnavailableError):
    """The vendor serves us, but not that often. ``retry_after_s`` is its own word."""

    reason = "rate_limited"
    blame = Blame.ALL


class BackendRefusedError(BackendUnavailableError):
    """The vendor will not speak this text; another may."""

    retryable = False
    reason = "bad_input"
    blame = Blame.NONE


class VoiceWithdrawnError(BackendUnavailableError):
    """The vendor no longer has this voice; its others still speak."""

    retryable = False
    reason = "voice_gone"
    blame = Blame.NONE


class BackendTimeoutError(BackendUnavailableError):
    """No audio came for ``waited_s``. Asking again would cost the listener the same wait again."""

    reason = "timeout"
    may_be_billed = True
    waited_s: float = float("inf")


class BackendLateError(BackendUnavailableError):
    """It spoke as fast as one can listen, and was not done when its time was up."""

    reason = "late"
    may_be_billed = True
    blame = Blame.NONE
    is_common = False


class BackendNetworkError(BackendUnavailableError):
    """The vendor was not reached, or the connection broke."""

    reason = "network"
    repeatable = True


class BackendServerError(BackendUnavailableError):
    """The vendor made a mistake."""

    reason = "server_error"
    repeatable = True


class NoAudioError(BackendUnavailableError):
    """A backend finished without a single sample of audio."""

    reason = "no_audio"
    may_be_billed = True
    repeatable = True


class BadAudioError(BackendUnavailableError):
    """A backend stopped midway, or sent what is no audio."""

    reason = "bad_audio"
    may_be_billed = True
    repeatable = True


class StoreAwayError(DanmuTTSError):
    """A store of ours cannot be read or written now."""

    code = "backend_unavailable"
    http_status = 503
    retryable = True


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
