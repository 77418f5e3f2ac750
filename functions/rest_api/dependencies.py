"""What routes are given."""

from typing import Annotated

from fastapi import Depends, Request

from danmu_tts.bootstrap import Container


async def get_container(request: Request) -> Container:
    """The container that the application was made with."""
    container: Container = request.app.state.container
    return container


ContainerDep = Annotated[Container, Depends(get_container)]
