"""AWS Lambda's Invoke API, as boto3 talks to it: the handlers run in this process."""

import asyncio
import json
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.audio_stream import share_of
from tests.fakes.vendor import WEB_PAGE, Fault, LocalServer, send_part_of

FunctionHandler = Callable[[Any, Any], object]

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
_ACCOUNT = "arn:aws:lambda:us-east-1:123456789012:function"
# Status, error type and message by what went wrong.
_ACCESS_DENIED = (403, "AccessDeniedException", "User is not authorized to perform: lambda:InvokeFunction")
_REFUSALS = {
    Fault.BAD_INPUT: (400, "InvalidRequestContentException", "Could not parse request body into json"),
    Fault.VOICE_GONE: (404, "ResourceNotFoundException", "Function not found"),
    Fault.UNAUTHORIZED: _ACCESS_DENIED,
    Fault.FORBIDDEN: _ACCESS_DENIED,
    Fault.FORBIDDEN_ONCE: _ACCESS_DENIED,
    Fault.RATE_LIMITED: (429, "TooManyRequestsException", "Rate Exceeded."),
    Fault.SERVER_ERROR: (500, "ServiceException", "The AWS Lambda service encountered an internal error."),
}


@dataclass(frozen=True)
class LambdaContext:
    """What a handler knows of its invocation."""

    function_name: str
    aws_request_id: str
    memory_limit_in_mb: int = 512

    @property
    def invoked_function_arn(self) -> str:
        return f"{_ACCOUNT}:{self.function_name}"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 30_000


@dataclass(frozen=True)
class Invocation:
    """One call that reached a function."""

    function: str
    event: Any
    invocation_type: str
    headers: Mapping[str, str]
    """Names in lower case."""


class FakeLambda(LocalServer):
    """Its ``url`` is boto3's ``endpoint_url``. ``functions`` has the handlers by name; change it at any time."""

    def __init__(self, functions: Mapping[str, FunctionHandler]) -> None:
        super().__init__()
        self.functions = dict(functions)
        self.received: list[Invocation] = []

    def reset(self) -> None:
        super().reset()
        self.received.clear()

    def _routes(self) -> Sequence[web.AbstractRouteDef]:
        return [web.post("/2015-03-31/functions/{name}/invocations", self._invoke)]

    async def _invoke(self, request: web.Request) -> web.StreamResponse:
        self.count(request)
        name = _bare_name(request.match_info["name"])
        body = await request.read()
        fault = self.take_fault()
        await self.hold_back(request, fault)
        if refusal := _REFUSALS.get(fault):
            return _error(*refusal, headers=self.retry_after_headers(fault))
        if name not in self.functions:
            return _error(404, "ResourceNotFoundException", f"Function not found: {_ACCOUNT}:{name}")
        if len(body) > MAX_PAYLOAD_BYTES:
            message = f"{len(body)} byte payload is too large for the RequestResponse invocation type"
            return _error(413, "RequestTooLargeException", message)
        try:
            event = json.loads(body or "null")
        except ValueError as error:
            return _error(400, "InvalidRequestContentException", f"Could not parse request body into json: {error}")
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        headers = {key.lower(): value for key, value in request.headers.items()}
        self.received.append(Invocation(name, event, kind, headers))
        if kind == "DryRun":
            return web.Response(status=204)
        answer = await asyncio.get_running_loop().run_in_executor(None, _run, name, self.functions[name], event)
        if kind == "Event":
            return web.Response(status=202)
        return await self._respond(request, answer, fault)

    async def _respond(self, request: web.Request, answer: web.Response, fault: Fault) -> web.StreamResponse:
        if fault in (Fault.TRUNCATED, Fault.STALLED):
            return await send_part_of(request, answer, fault)
        if fault in (Fault.GARBAGE, Fault.GARBAGE_AUDIO_TYPE):
            return _success(WEB_PAGE.encode())
        body = answer.body
        assert isinstance(body, bytes)
        return _success(share_of(body, fault)) if fault in (Fault.SILENT, Fault.CUT_SHORT) else answer


def _run(name: str, handler: FunctionHandler, event: Any) -> web.Response:
    """What the runtime answers, whatever the handler does."""
    try:
        result = handler(event, LambdaContext(name, str(uuid.uuid4())))
    except Exception as error:  # noqa: BLE001 - as the runtime does: every exception is an answer
        return _function_error(type(error).__name__, str(error), traceback.format_tb(error.__traceback__))
    try:
        payload = json.dumps(result).encode()
    except (TypeError, ValueError) as error:
        return _function_error("Runtime.MarshalError", f"Unable to marshal response: {error}", [])
    if len(payload) > MAX_PAYLOAD_BYTES:
        message = f"Response payload size ({len(payload)} bytes) exceeded maximum allowed payload size."
        return _function_error("Function.ResponseSizeTooLarge", message, [])
    return _success(payload)


def _success(payload: bytes) -> web.Response:
    return web.Response(
        body=payload, content_type="application/json", headers={"X-Amz-Executed-Version": "$LATEST", **_request_id()}
    )


def _function_error(kind: str, message: str, stack: Sequence[str]) -> web.Response:
    payload = {"errorMessage": message, "errorType": kind, "stackTrace": list(stack)}
    answer = _success(json.dumps(payload).encode())
    answer.headers["X-Amz-Function-Error"] = "Unhandled"
    return answer


def _error(status: int, kind: str, message: str, *, headers: Mapping[str, str] | None = None) -> web.Response:
    fault = "User" if status < 500 else "Service"
    return web.json_response(
        {"Type": fault, "Message": message, "message": message},
        status=status,
        headers={"x-amzn-ErrorType": kind, **_request_id(), **(headers or {})},
    )


def _request_id() -> dict[str, str]:
    return {"x-amzn-RequestId": str(uuid.uuid4())}


def _bare_name(name: str) -> str:
    """``name``, ``name:alias`` or an ARN, to the name."""
    parts = name.split(":")
    return parts[6] if len(parts) > 6 else parts[0]
