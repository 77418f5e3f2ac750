"""What every answer says to a browser: who may read it, and what it may do with it."""

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Without cookies a page of any origin can do no more than whoever made it could: a credential has to be sent by hand.
_METHODS = ("GET", "POST", "PUT", "DELETE")
_READABLE = (
    "location",
    "retry-after",
    "x-audio-duration-ms",
    "x-cache",
    "x-fallback-from",
    "x-fallback-reason",
    "x-ratelimit-limit-characters",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-characters",
    "x-ratelimit-remaining-requests",
    "x-request-id",
    "x-sample-rate-hz",
    "x-voice",
)
_PREFLIGHT_KEPT_S = 24 * 3600

# FastAPI's page of the API loads its scripts from this CDN and starts them by one of its own.
_CDN = "https://cdn.jsdelivr.net"
_PAGE = (
    f"default-src 'none'; connect-src 'self'; script-src 'unsafe-inline' {_CDN}; style-src 'unsafe-inline' {_CDN}; "
    "img-src 'self' data: https://fastapi.tiangolo.com; frame-ancestors 'none'"
)
_FOR_ALL = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_POLICY = "content-security-policy"
_FOR_PAGES = (*_FOR_ALL, (_POLICY.encode(), _PAGE.encode()))
_FOR_OTHERS = (*_FOR_ALL, (_POLICY.encode(), b"default-src 'none'; frame-ancestors 'none'"))
_HTTPS_ONLY = ((b"strict-transport-security", b"max-age=31536000"),)


def install(app: FastAPI, origins: tuple[str, ...]) -> None:
    """Add both; ``origins``: whose pages may call, ``*`` for any."""
    app.add_middleware(SafeHeaders)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=("*",),  # clients send headers of their own: OpenAI's tells of its platform
        expose_headers=_READABLE,
        max_age=_PREFLIGHT_KEPT_S,
    )


class SafeHeaders:
    """Browsers take nothing for what it is not, put it into no frame, and tell nobody where they were."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = _safe(Headers(raw=message["headers"]))
                message["headers"] = [*message["headers"], *added, *(_HTTPS_ONLY if scope["scheme"] == "https" else ())]
            await send(message)

        await self._app(scope, receive, send_safely)


def _safe(headers: Headers) -> tuple[tuple[bytes, bytes], ...]:
    """What an answer lacks. One that has a policy of its own keeps it."""
    if _POLICY in headers:
        return _FOR_ALL
    return _FOR_PAGES if headers.get("content-type", "").startswith("text/html") else _FOR_OTHERS
