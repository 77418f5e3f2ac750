"""Signed links to audio files: what a presigned GET on S3 is on AWS, with ranges, for any page to play."""

from __future__ import annotations

import re
from collections.abc import Callable

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from danmu_tts.ports import SignedAudioFiles
from infra.local.http_responses import ErrorCode, error_response, send_response

# A page of any origin plays the audio: the signature is the permission, as on S3.
_CORS_HEADER = (b"access-control-allow-origin", b"*")

_EPOCH_SECONDS = re.compile(r"[0-9]{1,12}")
# A range of RFC 9110, section 14.1.2: first-last, first- or -suffix.
_BYTE_RANGE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18})")


class SignedAudioEndpoint:
    """The ASGI endpoint of ``/audio/{key}?expires=<epoch seconds>&signature=<hex>``, for GET and HEAD."""

    def __init__(
        self, files: SignedAudioFiles, *, epoch_s: Callable[[], float], new_request_id: Callable[[], str]
    ) -> None:
        """Take what opens the files, a clock in seconds since 1970-01-01 UTC, and a source of unique ids."""
        self._files = files
        self._epoch_s = epoch_s
        self._new_request_id = new_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the file, a range of it, or an error in the project's shape."""
        if scope["method"] not in ("GET", "HEAD"):
            allow = (b"allow", b"GET, HEAD")
            await self._refuse(scope, send, 405, "Audio files can only be read.", "invalid_request", allow)
            return
        query = QueryParams(scope["query_string"])
        expires, signature = query.get("expires", ""), query.get("signature", "")
        try:
            response = await anyio.to_thread.run_sync(self._open, scope["path_params"]["key"], expires, signature)
        except FileNotFoundError:
            await self._refuse(scope, send, 404, "This audio file is gone.", "not_found")
            return
        if response is None:
            await self._refuse(scope, send, 403, "This link is wrong or has expired.", "forbidden")
            return
        try:
            await response(_with_satisfiable_range(scope, response), receive, send)
        except _RangeNotSatisfiableError:
            whole = (b"content-range", f"bytes */{response.headers['content-length']}".encode())
            await self._refuse(scope, send, 416, "The file ends before that range.", "invalid_request", whole)

    def _open(self, key: str, expires: str, signature: str) -> FileResponse | None:
        if not _EPOCH_SECONDS.fullmatch(expires):
            return None
        file = self._files.open_signed(key, expires=expires, signature=signature)
        if file is None:
            return None
        # The bytes behind a key never change, so a copy is good for as long as its link.
        max_age_s = max(0, int(expires) - int(self._epoch_s()))
        headers = {
            "access-control-allow-origin": "*",
            "cache-control": f"private, max-age={max_age_s}",
            "content-disposition": "inline",
            "etag": file.etag,
            "x-content-type-options": "nosniff",
        }
        return FileResponse(file.path, headers=headers, media_type=file.content_type, stat_result=file.path.stat())

    async def _refuse(
        self, scope: Scope, send: Send, status: int, message: str, code: ErrorCode, *headers: tuple[bytes, bytes]
    ) -> None:
        request_id = self._new_request_id()
        response = error_response(status, message, code=code, request_id=request_id, headers=(_CORS_HEADER, *headers))
        await send_response(response, method=scope["method"], send=send)


class _RangeNotSatisfiableError(Exception):
    """Every range that was asked for starts after the end of the file."""


def _with_satisfiable_range(scope: Scope, response: FileResponse) -> Scope:
    """Return the scope with a Range header that Starlette reads as RFC 9110 does, or with none.

    Starlette answers 400 to a range that it cannot read, where the RFC wants it ignored, and 416 as soon as one of
    several ranges lies beyond the end, where the RFC wants the others served.

    Raises:
        _RangeNotSatisfiableError: No range can be served: 416.
    """
    headers = Headers(scope=scope)
    requested = headers.get("range")
    if requested is None:
        return scope
    if_range = headers.get("if-range")
    is_current = if_range in (None, response.headers["etag"], response.headers["last-modified"])
    size_bytes = int(response.headers["content-length"])
    usable = select_ranges(requested, size_bytes) if is_current else None
    if usable == "":
        raise _RangeNotSatisfiableError
    changed = MutableHeaders(raw=list(scope["headers"]))
    del changed["range"]
    if usable is not None:
        changed["range"] = usable
    return {**scope, "headers": changed.raw}


def select_ranges(requested: str, size_bytes: int) -> str | None:
    """Return the part of a Range header that a file of this size can satisfy.

    Returns:
        A Range header with only the ranges that exist, the empty string if none does (416), or None for a header
        that is to be ignored: another unit than bytes, or no valid range set (RFC 9110, section 14.2).
    """
    unit, _, range_set = requested.partition("=")
    matches = [_BYTE_RANGE.fullmatch(part.strip()) for part in range_set.split(",") if part.strip()]
    if unit.strip().lower() != "bytes" or not matches:
        return None
    usable = []
    for match in matches:
        if match is None:
            return None
        first, last, suffix = match.groups()
        if first and last and int(last) < int(first):
            return None
        if (int(first) < size_bytes) if first else (int(suffix) > 0 and size_bytes > 0):
            usable.append(match.group())
    return f"bytes={','.join(usable)}" if usable else ""
