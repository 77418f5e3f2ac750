"""End a connection as no well-behaved server would."""

import asyncio
import contextlib
import socket
import struct
from typing import Any, NoReturn

from aiohttp import web


async def for_ever() -> NoReturn:
    """Wait until the client or the server ends the connection: that cancels the handler."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


async def hang_up(request: web.Request) -> NoReturn:
    """End the connection where it stands, once what was written has left."""
    if request.transport:
        request.transport.close()
    await for_ever()


async def reset_connection(request: web.Request) -> NoReturn:
    """Answer with TCP RST: what a socket that must not linger sends when it is closed."""
    if request.transport:
        request.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        request.transport.abort()
    await for_ever()


async def read_json(request: web.Request) -> Any:
    """The body; ``None`` where it is no JSON."""
    with contextlib.suppress(ValueError):
        return await request.json()
    return None
