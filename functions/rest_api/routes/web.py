"""The pages, and ``/web/``, their parts. They need no key: what they ask for does."""

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from functions.rest_api.dependencies import container_of
from functions.rest_api.pages import WebFile, page, parts, policy
from speech_contract.fields import RoomName

router = APIRouter(include_in_schema=False)
_READ = ["GET", "HEAD"]


@router.api_route("/", methods=_READ)
async def get_page(request: Request) -> Response:
    """Type a line, hear it."""
    return _page(request, "index.html")


@router.api_route("/overlay/{room}", methods=_READ)
async def get_overlay(request: Request, room: RoomName) -> Response:
    """What OBS shows and plays of a room."""
    return _page(request, "overlay.html", pictures="'self' https:")


@router.api_route("/console/{room}", methods=_READ)
async def get_console(request: Request, room: RoomName) -> Response:
    """Where a streamer sees and steers a room."""
    return _page(request, "console.html")


@router.api_route("/web/{name}", methods=_READ)
async def get_part(request: Request, name: str) -> Response:
    """A script, the style or the icon."""
    found = parts().get(name)
    if found is None:
        raise HTTPException(404)
    return _answer(request, found, {})


def _page(request: Request, name: str, *, pictures: str = "'self'") -> Response:
    settings = container_of(request).settings
    # In the 304 too: a browser replaces what it kept of the headers by those.
    headers = {"content-security-policy": policy(settings, pictures)}
    return _answer(request, page(name, settings.websocket.public_url), headers)


def _answer(request: Request, file: WebFile, headers: dict[str, str]) -> Response:
    """The file, unless the browser has it."""
    headers |= {"etag": file.etag, "cache-control": "no-cache"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if file.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(file.body, headers=headers, media_type=file.content_type)
