"""Download one file: resume what is there, retry what may pass, install only what the publisher's digest confirms."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential

from models.errors import DownloadError, VerificationError
from models.part_file import PartFile
from models.progress import Progress

MAX_ATTEMPTS = 8
MAX_CONNECT_ATTEMPTS = 3
MAX_BACKOFF_S = 30.0
MAX_RETRY_AFTER_S = 120.0
TIMEOUT = httpx.Timeout(30.0, connect=15.0)
"""Seconds without a byte, and seconds to connect; a file as a whole may take as long as it needs."""

_PASSING = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError, httpx.ProxyError)
_CONTENT_RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<total>\d+|\*)", re.ASCII)
_backoff = wait_exponential(multiplier=1, max=MAX_BACKOFF_S)


@dataclass(frozen=True)
class RemoteFile:
    """One file to download, and what the publisher says about it."""

    url: str
    target: Path
    size_bytes: int
    digest: str


def client_or_new(client: httpx.Client | None) -> AbstractContextManager[httpx.Client]:
    """Return the caller's client, which stays open, or a new one, which is closed at the end."""
    return nullcontext(client) if client else httpx.Client(timeout=TIMEOUT)


def download(remote: RemoteFile, client: httpx.Client, progress: Progress, sleep: Callable[[float], None]) -> None:
    """Bring `remote` to its target, whose folder exists, resuming what an earlier run left in `<target>.part`.

    `sleep` waits the given seconds between two attempts. Raises `DownloadError` when the last attempt has failed too
    (the part file stays for the next run) and `VerificationError` where the bytes are not the publisher's.
    """
    retrying = Retrying(
        retry=retry_if_exception(_is_retryable),
        wait=_wait_s,
        stop=_gives_up,
        before_sleep=lambda state: _say_why(state, progress),
        sleep=sleep,
        reraise=True,
    )
    with PartFile(remote.target, remote.size_bytes, remote.digest) as part:
        progress.start(remote.target.name, remote.size_bytes, part.size_bytes)
        try:
            retrying(_Transfer(remote, part, client, progress).attempt)
            part.install()
        finally:
            progress.finish()


def _gives_up(state: RetryCallState) -> bool:
    """A host that cannot even be connected to is given up sooner than one that breaks off."""
    error = state.outcome.exception() if state.outcome else None
    unreachable = error is not None and isinstance(error.__cause__, httpx.ConnectError)
    return state.attempt_number >= (MAX_CONNECT_ATTEMPTS if unreachable else MAX_ATTEMPTS)


def _say_why(state: RetryCallState, progress: Progress) -> None:
    error = state.outcome.exception() if state.outcome else None
    progress.waiting(str(error), state.upcoming_sleep)


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, DownloadError) and error.retryable


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, DownloadError) and error.retry_after_s is not None:
        return min(error.retry_after_s, MAX_RETRY_AFTER_S)
    return _backoff(state)


@dataclass(frozen=True)
class _Transfer:
    remote: RemoteFile
    part: PartFile
    client: httpx.Client
    progress: Progress

    def attempt(self) -> None:
        """Ask for what is missing and append it until the file is complete; raise where it is not."""
        if self.part.is_complete:
            return
        try:
            with self.client.stream("GET", self.remote.url, headers=self._headers(), follow_redirects=True) as response:
                self._align(response)
                for chunk in response.iter_raw():
                    self.part.append(chunk)
                    self.progress.advance(len(chunk))
        except httpx.HTTPError as error:
            raise self._failed(_reason(error), retryable=isinstance(error, _PASSING)) from error
        except httpx.InvalidURL as error:
            raise self._failed(_reason(error)) from error
        if not self.part.is_complete:
            raise self._failed("the connection ended early", retryable=True)

    def _headers(self) -> dict[str, str]:
        # A compressed answer has another length and other offsets than the file that the manifest describes.
        headers = {"Accept-Encoding": "identity"}
        if self.part.size_bytes:
            headers["Range"] = f"bytes={self.part.size_bytes}-"
        return headers

    def _align(self, response: httpx.Response) -> None:
        """Make the part file end where the answer's body starts, or raise."""
        match response.status_code:
            case 200:
                self._expect_total(response.headers.get("Content-Length"))
                if self.part.size_bytes:  # the server ignores ranges and sends the whole file
                    self._start_over()
            case 206:
                found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
                if not found or int(found["start"]) != self.part.size_bytes:
                    self._start_over()
                    raise self._failed("the server sent another range than asked for", retryable=True)
                self._expect_total(found["total"])
            case 416 if self.part.size_bytes:
                self._start_over()
                raise self._failed("the server cannot resume here", retryable=True)
            case status:
                passing = status == 429 or status >= 500
                raise self._failed(f"the server answered {status}", passing, _retry_after_s(response))

    def _expect_total(self, total: str | None) -> None:
        """Refuse a file of another size before a byte of it is written; what is on disk stays as it is."""
        if total and total.isdecimal() and int(total) != self.remote.size_bytes:
            raise VerificationError(
                f"{self._shown_url()} has {total} bytes, but the manifest lists {self.remote.size_bytes}; "
                "nothing was installed"
            )

    def _start_over(self) -> None:
        self.part.restart()
        self.progress.start(self.remote.target.name, self.remote.size_bytes, 0)

    def _failed(self, why: str, retryable: bool = False, retry_after_s: float | None = None) -> DownloadError:
        message = f"could not download {self._shown_url()}: {why}"
        return DownloadError(message, retryable=retryable, retry_after_s=retry_after_s)

    def _shown_url(self) -> str:
        """The address without a private mirror's user name and password."""
        scheme, _, rest = self.remote.url.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _retry_after_s(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait (RFC 9110, 10.2.3); a date is taken against the answer's own Date."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(response.headers["Date"])
        return max(0.0, (until - now).total_seconds())
    except (KeyError, ValueError, TypeError):  # missing, malformed, or only one of them with a time zone
        return None
