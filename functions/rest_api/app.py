"""The FastAPI application."""

from time import perf_counter
from uuid import uuid4

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from danmu_tts import __version__
from danmu_tts.bootstrap import Container
from danmu_tts.observability import get_logger, request_scope
from functions.rest_api import access, errors, headers
from functions.rest_api.routes import health, openai_audio, reference_voices, rooms, speech, voices, web, websocket

access_log = get_logger("access")

# What tells nobody anything that is not in the documentation. Every other route knows who asks.
OPEN_PATHS = frozenset(
    {
        "/",
        "/overlay/{room}",
        "/console/{room}",
        "/web/{name}",
        "/docs",
        "/openapi.json",
        "/v1/websocket-schema",
        "/health",
    }
)

_DESCRIPTION = """A live stream's chat (danmu), spoken aloud.

`/v1/audio/speech` is OpenAI's contract: any client of theirs works here with another `base_url`.
`/v1/speech` is the native one, which answers with a URL, captions and timings.
`/v1/rooms/{room}` takes a live chat in, and speaks what is worth it to whoever plays the room at `/overlay/{room}`.
Over the WebSocket speech is heard while it is made; `/v1/websocket-schema` has its frames."""


def create_app(container: Container) -> FastAPI:
    """Build the application around a container; nothing is opened until a request comes."""
    app = FastAPI(
        title="Danmu TTS",
        version=__version__,
        description=_DESCRIPTION,
        redirect_slashes=False,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.container = container
    for routes in (openai_audio, speech, rooms, voices, reference_voices, websocket, health, web):
        app.include_router(routes.router)
    access.describe(app, OPEN_PATHS)
    errors.install(app)
    app.add_middleware(RequestLog)
    headers.install(app, container.settings.server.cors_origins)
    return app


class RequestLog:
    """Names every request, logs how it ended, and answers what nobody foresaw in our error shape."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        started = perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        with request_scope(request_id):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception:  # noqa: BLE001 - the process boundary: logged, answered, and the process goes on
                access_log.exception("unhandled error")
                await errors.internal_error()(scope, receive, send_with_id)
            fields = {"status": status, "duration_ms": round((perf_counter() - started) * 1000, 1)}
            access_log.info("%s %s", scope["method"], scope["path"], extra=fields)


def _request_id(scope: Scope) -> str:
    """API Gateway's id, which its own logs carry too."""
    event = scope.get("aws.event") or {}
    return str(event.get("requestContext", {}).get("requestId") or uuid4().hex)
