"""``/``: a page to type a line and hear it; ``/web/``: its parts. They need no key: what they ask for does."""

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from functions.rest_api.dependencies import container_of
from functions.rest_api.pages import WebFile, page, parts, policy

router = APIRouter(include_in_schema=False)
_READ = ["GET", "HEAD"]


@router.api_route("/", methods=_READ)
async def get_page(request: Request) -> Response:
    """Type a line, hear it."""
    settings = container_of(request).settings
    # In the 304 too: a browser replaces what it kept of the headers by those.
    return _answer(request, page(settings.websocket.public_url), {"content-security-policy": policy(settings)})


@router.api_route("/web/{name}", methods=_READ)
async def get_part(request: Request, name: str) -> Response:
    """A script, the style or the icon."""
    found = parts().get(name)
    if found is None:
        raise HTTPException(404)
    return _answer(request, found, {})


def _answer(request: Request, file: WebFile, headers: dict[str, str]) -> Response:
    """The file, unless the browser has it."""
    headers |= {"etag": file.etag, "cache-control": "no-cache"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if file.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(file.body, headers=headers, media_type=file.content_type)
