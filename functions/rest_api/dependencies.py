"""What routes are given."""

from typing import Annotated
from urllib.parse import urljoin

from fastapi import Depends, Request

from danmu_tts.bootstrap import Container


def container_of(request: Request) -> Container:
    """The container that the application was made with."""
    container: Container = request.app.state.container
    return container


async def get_container(request: Request) -> Container:
    """The same as a dependency."""
    return container_of(request)


ContainerDep = Annotated[Container, Depends(get_container)]


def absolute_url(request: Request, url: str) -> str:
    """A URL as the caller can follow it: relative ones are below the address that the request came to."""
    if not url.startswith("/"):
        return url
    return urljoin(container_of(request).settings.server.public_url or str(request.base_url), url)
