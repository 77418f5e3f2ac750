"""How a request fails: one shape for all, ``{"error": {"message", "type", "param", "code"}}``."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from starlette.responses import JSONResponse

from gpu_service.ports import LineError
from speech_contract.jobs import Reason

_STATUS_OF: dict[Reason, int] = {
    "unknown_voice": 400,
    "unknown_language": 400,
    "nothing_to_say": 400,
    "bad_reference": 400,
    "failed": 500,
    "store_away": 503,
    "no_memory": 503,
    "expired": 504,
}
_BAD_REQUEST = 400


class RequestError(Exception):
    """A request that cannot be answered as it was asked. ``code`` and ``param`` are for programs."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param


def answer_to(error: RequestError) -> JSONResponse:
    """The error as its sender hears of it."""
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    body = {"message": error.message, "type": kind, "param": error.param, "code": error.code}
    return JSONResponse({"error": body}, error.status, {"Retry-After": "1"} if error.status == 503 else None)


def from_line(error: LineError) -> RequestError:
    """A line that cannot be said."""
    return RequestError(_STATUS_OF[error.reason], error.reason, error.message)


def from_validation(error: ValidationError) -> RequestError:
    """The first thing that is wrong with a job; never what it says."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return RequestError(_BAD_REQUEST, "invalid_job", first["msg"], _path(first["loc"]) or None)


def _path(location: Sequence[Any]) -> str:
    return ".".join(map(str, location))
