"""Every failure becomes one shape, OpenAI's: ``{"error": {"message", "type", "param", "code"}}``."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from danmu_tts.domain.errors import DanmuTTSError, RateLimitedError, UnauthorizedError
from danmu_tts.wire import error_detail, validation_error
from functions.rest_api.answers import allowance_headers
from speech_contract.speech import ErrorDetail

_RETRY_AFTER_S = 1.0
_NOT_JSON = "The body is not valid JSON."
_NO_OBJECT = "The body must be a JSON object, sent with content-type: application/json."


class ErrorAnswer(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorDetail


# The OpenAPI description of what may go wrong anywhere. The default keeps FastAPI's own 422 out, which we never send.
RESPONSES: dict[int | str, dict[str, Any]] = {"default": {"model": ErrorAnswer, "description": "Any other error."}} | {
    status: {"model": ErrorAnswer, "description": description}
    for status, description in {
        400: "The request is not understood.",
        401: "No API key, or one that is not good.",
        403: "The API key is not for this.",
        404: "No such voice, model or backend.",
        405: "The method is not allowed.",
        413: "The text is too long.",
        422: "The content filter does not let it be spoken.",
        429: "Too much in a minute, or this month's budget is used up.",
        500: "A mistake of ours.",
        503: "Nobody can speak now, or a store is away.",
        504: "Not ready before the deadline.",
    }.items()
}
# OpenAI's contract has names of its own for what the service calls text and format.
_OPENAI_PATH = "/v1/audio/speech"
_OPENAI_FIELDS = {"text": "input", "format": "response_format", "backend": "model"}


def install(app: FastAPI) -> None:
    """Register the handlers. Routes hold no ``try``."""
    app.exception_handler(DanmuTTSError)(_domain_error)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(HTTPException)(_http_error)


def error_response(
    status: int, code: str, message: str, param: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """One error in our shape."""
    return _response(status, error_detail(status, code, message, param), headers)


def internal_error() -> JSONResponse:
    """What is answered when nobody foresaw it."""
    return error_response(500, "internal_error", "A mistake of ours. The server's log knows more under x-request-id.")


async def _domain_error(request: Request, error: DanmuTTSError) -> JSONResponse:
    param = error.param
    if param and request.url.path == _OPENAI_PATH:
        param = _OPENAI_FIELDS.get(param, param)
    retry_after_s = error.retry_after_s or _RETRY_AFTER_S
    headers = {"retry-after": str(ceil(retry_after_s))} if error.retryable else {}
    if isinstance(error, RateLimitedError):
        headers |= allowance_headers(error.allowances)
    if isinstance(error, UnauthorizedError):
        headers["www-authenticate"] = "Bearer"  # RFC 9110 section 15.5.2: a 401 says how to do better
    return error_response(error.http_status, error.code, error.message, param, headers)


async def _http_error(_: Request, error: HTTPException) -> JSONResponse:
    code = "not_found" if error.status_code == 404 else "invalid_request"
    return error_response(error.status_code, code, str(error.detail), headers=error.headers)


async def _validation_error(_: Request, error: RequestValidationError) -> JSONResponse:
    problem: dict[str, Any] = error.errors()[0]
    # The field's own name: not where it stands in the request, nor which branch of a union it failed last.
    path = tuple(str(part) for part in problem["loc"][1:])
    expected = _NOT_JSON if problem["type"] == "json_invalid" else _NO_OBJECT
    status, detail = validation_error(problem, path, expected)
    return _response(status, detail)


def _response(status: int, detail: ErrorDetail, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": detail.model_dump()}, status, headers=headers)
