"""The files of ``functions/web``, read once, as a browser is to get them."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from urllib.parse import urlsplit

from danmu_tts.once import once
from danmu_tts.settings import Settings

_CONTENT_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_WEBSOCKET = b"{{websocket}}"


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file as it is sent; the ``etag`` changes with it."""

    body: bytes
    content_type: str
    etag: str


@once
def parts() -> Mapping[str, WebFile]:
    """What pages are made of, by file name. Nothing else in the folder can be had."""
    return {name: file for name, file in _folder().items() if not name.endswith(".html")}


@lru_cache(maxsize=16)
def page(name: str, websocket_url: str | None) -> WebFile:
    """A page, told where the WebSocket is, if that is elsewhere."""
    address = html.escape(websocket_url or "").encode()
    return _web_file(name, _folder()[name].body.replace(_WEBSOCKET, address))


def policy(settings: Settings, pictures: str = "'self'") -> str:
    """What a page may do: run our scripts, and ask us, our WebSocket and whoever keeps our audio, S3 for one.

    ``pictures``: from where it may show some; platforms keep their emotes on hosts of their own.
    """
    elsewhere = [url for url in (settings.websocket.public_url, settings.server.public_url) if url]
    reached = " ".join(["'self'", "https:", *(_origin(url) for url in elsewhere)])
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {pictures}; connect-src {reached}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )


def _origin(url: str) -> str:
    """Scheme, host and port, which is what a policy can hold of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


@once
def _folder() -> dict[str, WebFile]:
    found = (files("functions") / "web").iterdir()
    return {
        each.name: _web_file(each.name, each.read_bytes()) for each in found if _suffix(each.name) in _CONTENT_TYPES
    }


def _web_file(name: str, body: bytes) -> WebFile:
    return WebFile(body, _CONTENT_TYPES[_suffix(name)], f'"{sha256(body).hexdigest()[:32]}"')


def _suffix(name: str) -> str:
    return name.rpartition(".")[2]
