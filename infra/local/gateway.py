"""API Gateway and Lambda on one machine: HTTP in, the handler that Lambda would call, HTTP out; WebSocket beside it."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from danmu_tts.background import Background
from danmu_tts.observability import get_logger
from danmu_tts.ports import SignedAudioFiles
from infra.local.audio_files import SignedAudioEndpoint
from infra.local.http_events import HttpRequest, MalformedResultError, build_event, encode_json, parse_response
from infra.local.http_requests import PayloadTooLargeError, check_request_size, read_body
from infra.local.http_responses import HttpResponse, error_response, send_response
from infra.local.invocations import LambdaHandler
from infra.local.lambda_context import LocalLambdaContext
from infra.local.management_api import ManagementApi
from infra.local.websocket_gateway import WebSocketApi

logger = get_logger("gateway")


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """What AWS would refuse is refused here too, so that nobody learns it in production.

    Attributes:
        http_body_bytes: API Gateway's limit on a request's body, in bytes.
        request_payload_bytes: Lambda's limit on the serialised event, in bytes. A body that travels as base64 may have
            three quarters of it.
        response_payload_bytes: Lambda's limit on the serialised result, in bytes.
        timeout_s: Seconds until the caller is answered, come what may. An HTTP API waits for at most 30 s; 29 leaves
            room to answer.
    """

    http_body_bytes: int = 10 * 1024 * 1024
    request_payload_bytes: int = 6 * 1024 * 1024
    response_payload_bytes: int = 6 * 1024 * 1024
    timeout_s: float = 29.0


def create_gateway(
    handler: LambdaHandler,
    *,
    audio_files: SignedAudioFiles,
    limits: GatewayLimits,
    max_concurrency: int,
    websocket: WebSocketApi | None = None,
    management_authorization: str | None = None,
    epoch_s: Callable[[], float] = time.time,
    monotonic_s: Callable[[], float] = time.monotonic,
    new_request_id: Callable[[], str] = lambda: str(uuid.uuid4()),
) -> Starlette:
    """Return the gateway as an ASGI application.

    ``/audio/{key}`` serves signed audio files; every other path and every method, known or not, goes to the handler.
    Routes that are added later (``app.router.routes``) come before the handler too.

    Args:
        handler: Called in a worker thread, up to ``max_concurrency`` at once.
        audio_files: Opens the files behind signed links.
        limits: Sizes and time.
        max_concurrency: Invocations at once. One more waits for a slot, and its wait counts towards its timeout.
        websocket: Served at ``/ws``, with its ``/@connections/{id}``; every other WebSocket is refused.
        management_authorization: By which header others than programs on this machine may use ``/@connections``.
        epoch_s: Seconds since 1970-01-01 UTC.
        monotonic_s: Seconds of a clock that never goes back.
        new_request_id: A new unique id for each request.
    """
    audio = SignedAudioEndpoint(audio_files, epoch_s=epoch_s, new_request_id=new_request_id)
    app = Starlette(routes=[*_websocket_routes(websocket, management_authorization), Route("/audio/{key:path}", audio)])
    app.router.redirect_slashes = False
    app.router.default = _HttpApi(
        handler,
        limits=limits,
        slots=anyio.CapacityLimiter(max_concurrency),
        epoch_s=epoch_s,
        monotonic_s=monotonic_s,
        new_request_id=new_request_id,
    )
    return app


def _websocket_routes(websocket: WebSocketApi | None, authorization: str | None) -> list[BaseRoute]:
    if websocket is None:
        return []
    management = ManagementApi(websocket.connections, authorization)
    return [Route("/@connections/{connection_id}", management), WebSocketRoute("/ws", websocket)]


# A load balancer must hear that the process lives, also while everybody else waits for a vendor.
_PROBED_PATH = "/health"
_PROBE_SLOTS = 2


class _HttpApi:
    def __init__(
        self,
        handler: LambdaHandler,
        *,
        limits: GatewayLimits,
        slots: anyio.CapacityLimiter,
        epoch_s: Callable[[], float],
        monotonic_s: Callable[[], float],
        new_request_id: Callable[[], str],
    ) -> None:
        self._handler = handler
        self._limits = limits
        self._slots = slots
        self._probe_slots = anyio.CapacityLimiter(_PROBE_SLOTS)
        self._epoch_s = epoch_s
        self._monotonic_s = monotonic_s
        self._new_request_id = new_request_id
        self._invocations = Background()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await WebSocketClose()(scope, receive, send)
            return
        request_id = self._new_request_id()
        try:
            event = await self._receive_event(scope, receive, request_id)
        except ClientDisconnect:
            return
        except PayloadTooLargeError as exc:
            response = error_response(413, str(exc), code="invalid_request", request_id=request_id)
        else:
            response = await self._invoke(event, request_id)
        response = response.with_default_header(b"x-request-id", request_id.encode())
        await send_response(response, method=scope["method"], send=send)

    async def _receive_event(self, scope: Scope, receive: Receive, request_id: str) -> dict[str, Any]:
        limits = self._limits
        # An event is never smaller than the body in it, so the stricter limit stops the upload.
        body = await read_body(scope, receive, max_bytes=min(limits.http_body_bytes, limits.request_payload_bytes))
        client, server = scope.get("client"), scope.get("server")
        request = HttpRequest(
            method=scope["method"],
            raw_path=scope["raw_path"],
            raw_query=scope["query_string"],
            http_version=scope["http_version"],
            headers=list(scope["headers"]),
            body=body,
            source_ip=client[0] if client else "",
            scheme=scope["scheme"],
            port=server[1] if server else 80,
        )
        event = build_event(request, request_id=request_id, epoch_ms=int(self._epoch_s() * 1000))
        check_request_size(len(encode_json(event)), limits.request_payload_bytes)
        return event

    async def _invoke(self, event: dict[str, Any], request_id: str) -> HttpResponse:
        """Run the handler in a thread and wait for it no longer than the timeout.

        A thread cannot be stopped. One that overruns is left to end by itself and holds its slot until then, and one
        that was still waiting for a slot returns as soon as it gets it.
        """
        deadline_s = self._monotonic_s() + self._limits.timeout_s
        context = LocalLambdaContext(request_id, deadline_monotonic_s=deadline_s, monotonic_s=self._monotonic_s)
        given_up = threading.Event()

        def call() -> HttpResponse:
            return self._timed_out(request_id) if given_up.is_set() else self._call_handler(event, context)

        # A task of its own, because the slot is returned by whoever awaits the thread, and that must not be us.
        slots = self._probe_slots if event["rawPath"] == _PROBED_PATH else self._slots
        task = self._invocations.start(anyio.to_thread.run_sync(call, limiter=slots))
        try:
            done, _ = await asyncio.wait({task}, timeout=self._limits.timeout_s)
        except asyncio.CancelledError:  # the server stops and has waited as long as it would
            given_up.set()
            return error_response(503, "The server is stopping.", code="backend_unavailable", request_id=request_id)
        if done:
            return task.result()
        given_up.set()
        logger.error("Request %s took longer than %g s", request_id, self._limits.timeout_s)
        return self._timed_out(request_id)

    def _timed_out(self, request_id: str) -> HttpResponse:
        message = f"No answer within {self._limits.timeout_s:g} s, the longest that API Gateway waits."
        return error_response(504, message, code="deadline_exceeded", request_id=request_id)

    def _call_handler(self, event: dict[str, Any], context: LocalLambdaContext) -> HttpResponse:
        request_id = context.aws_request_id
        try:
            payload = encode_json(self._handler(event, context))
            if (size := len(payload)) > (limit := self._limits.response_payload_bytes):
                message = (
                    f"The response payload is {size} bytes and Lambda's limit is {limit}: "
                    "Lambda refuses it (ResponseSizeTooLarge) and API Gateway answers 500."
                )
                logger.error("Request %s: %s", request_id, message)
                return error_response(500, message, code="internal_error", request_id=request_id)
            return parse_response(payload)
        except MalformedResultError as exc:
            logger.exception("Request %s: the handler's result is malformed", request_id)
            message = f"The handler's result is malformed: {exc}."
        except (Exception, SystemExit, asyncio.CancelledError):
            # A process boundary: nothing that a handler does may end the gateway.
            logger.exception("Request %s: the handler failed", request_id)
            message = "Internal server error."
        return error_response(500, message, code="internal_error", request_id=request_id)
